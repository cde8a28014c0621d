/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points in time and increasing delays on one clock, in microseconds. INT64_MAX is never. */
#ifndef LINKWATCH_DAEMON_BACKOFF_H
#define LINKWATCH_DAEMON_BACKOFF_H

#include <stdint.h>

/* A delay that doubles each time it is used. */
struct backoff {
    int64_t delay;
    int64_t at; /* the earliest time of the next use */
};

static inline int64_t min_time(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t max_time(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t after(int64_t now, int64_t delay)
{
    return now > INT64_MAX - delay ? INT64_MAX : now + delay;
}

static inline void backoff_push(struct backoff *backoff, int64_t now, int64_t min, int64_t max)
{
    backoff->delay = backoff->delay ? min_time(backoff->delay * 2, max) : min;
    backoff->at = after(now, backoff->delay);
}

static inline void backoff_reset(struct backoff *backoff)
{
    *backoff = (struct backoff){0};
}

#endif
