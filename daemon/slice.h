/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A slice of time for the code that runs in it. After each unit of work, the code checks whether
 * the slice is over, and if so saves its place and returns: each slice does at least one unit, and
 * is exceeded by one unit at most. NULL is a slice without an end. Pure: the clock is passed in. */
#ifndef LINKWATCH_DAEMON_SLICE_H
#define LINKWATCH_DAEMON_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    int64_t (*clock)(void); /* microseconds */
    int64_t end;
};

static inline bool slice_is_over(const struct slice *slice)
{
    return slice && slice->clock() >= slice->end;
}

/* The same for units that take little more time than reading the clock, which is done for every
 * eighth unit only; count is the number of units so far. */
static inline bool slice_is_over_after(const struct slice *slice, size_t count)
{
    return count % 8 == 0 && slice_is_over(slice);
}

#endif
