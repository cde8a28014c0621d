/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/moment.h"

#include <time.h>

int64_t moment_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int moment_sooner(int timeout, int64_t other)
{
    if (other < 0)
        other = 0;
    return timeout < 0 || other < timeout ? (int)other : timeout;
}
