/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clocks and deadlines, in microseconds. Modules that decide by time are passed the time as an
 * argument. */
#ifndef LINKWATCH_PROTOCOL_CLOCK_H
#define LINKWATCH_PROTOCOL_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

#define DEADLINE_NEVER UINT64_MAX

static inline int64_t clock_usec(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline uint64_t clock_monotonic(void)
{
    return (uint64_t)clock_usec(CLOCK_MONOTONIC);
}

/* The time of CLOCK_MONOTONIC at which a timeout that starts now ends; a negative timeout never
 * ends. */
static inline uint64_t deadline_after(int64_t timeout)
{
    return timeout < 0 ? DEADLINE_NEVER : clock_monotonic() + (uint64_t)timeout;
}

/* The time until a deadline in milliseconds, rounded up, for poll(): -1 for DEADLINE_NEVER and
 * INT64_MAX. */
static inline int deadline_timeout(uint64_t deadline)
{
    uint64_t now = clock_monotonic();
    uint64_t left = deadline > now ? deadline - now : 0;

    if (deadline >= INT64_MAX)
        return -1;
    return left / 1000 < INT_MAX ? (int)((left + 999) / 1000) : INT_MAX;
}

#endif
