/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/timeout.h"

#include <limits.h>
#include <time.h>

int64_t timeout_clock(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int timeout_until(int64_t then)
{
    int64_t left = then - timeout_clock();

    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int timeout_min(int a, int b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}
