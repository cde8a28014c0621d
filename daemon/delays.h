/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time from when the daemon learned of an event until it was written to a consumer, as a
 * histogram. Pure. */
#ifndef LINKWATCH_DAEMON_DELAYS_H
#define LINKWATCH_DAEMON_DELAYS_H

#include "protocol/metrics.h"

struct delays {
    uint64_t within[METRIC_BOUNDS]; /* up to this bound, and above the previous one */
    uint64_t count;
    int64_t sum_usec;
};

static inline void delays_add(struct delays *delays, int64_t usec)
{
    int i = 0;

    while (i < METRIC_BOUNDS && usec > metric_bounds[i].usec)
        i++;
    if (i < METRIC_BOUNDS)
        delays->within[i]++;
    delays->count++;
    delays->sum_usec += usec;
}

#endif
