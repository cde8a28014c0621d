/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/clock.h"

#include <limits.h>
#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int64_t clock_realtime(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

const char *clock_age(int64_t realtime, char text[TIMESPAN_SIZE])
{
    int64_t age = clock_realtime() - realtime;

    return timespan_format(age > 0 ? age : 0, text);
}

int clock_timeout(int64_t due)
{
    int64_t left = due - clock_monotonic();

    if (due == INT64_MAX)
        return -1;
    if (left <= 0)
        return 0;
    left = (left + 999) / 1000;
    return left < INT_MAX ? (int)left : INT_MAX;
}
