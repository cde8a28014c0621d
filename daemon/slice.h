/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A slice of the loop's time, handed down to the code that runs in it. Who has done a unit of
 * work asks whether it is over, and if so keeps its place and lets others go on; so each slice does
 * at least one unit, and overruns by one at most. NULL is a slice without end. Pure: the clock is
 * given. */
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

/* The same for units that take little more than reading the clock: count is how many there were,
 * and it is read at every eighth. */
static inline bool slice_is_over_after(const struct slice *slice, size_t count)
{
    return count % 8 == 0 && slice_is_over(slice);
}

#endif
