/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timeouts as poll(2) takes them: milliseconds, -1 for none. */
#ifndef REACH_TIMEOUT_H
#define REACH_TIMEOUT_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds of CLOCK_MONOTONIC. */
static inline int64_t timeout_clock(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* From now until then; 0 if that is over. */
static inline int timeout_until(int64_t then)
{
    int64_t left = then - timeout_clock();

    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* The one that expires first. */
static inline int timeout_min(int a, int b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

#endif
