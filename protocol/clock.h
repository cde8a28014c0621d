/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clocks, in microseconds. Modules that decide something by time get it as an argument. */
#ifndef LINKWATCH_PROTOCOL_CLOCK_H
#define LINKWATCH_PROTOCOL_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_usec(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

#endif
