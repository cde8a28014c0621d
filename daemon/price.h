/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The price of a dump, estimated from the cost of the last few. Pure. */
#ifndef LINKWATCH_DAEMON_PRICE_H
#define LINKWATCH_DAEMON_PRICE_H

#include <stdbool.h>
#include <stdint.h>

/* The number of dumps that are considered: enough that a few disturbed ones have no effect, and few
 * enough to adapt quickly to a new number of links. */
#define PRICE_DUMPS 9

/* Initialized with zeros. */
struct price {
    int64_t usec[PRICE_DUMPS];
    int64_t quartile; /* the lower quartile of them */
    unsigned count;   /* number of dumps so far */
    unsigned coarse;  /* dumps in a row, up to the last, for which the CPU clock was too
                       * coarse */
};

/* The cost of a dump, by the CPU clock and by a monotonic clock. */
struct price_measure {
    int64_t cpu_usec;
    int64_t wall_usec;
};

void price_add(struct price *price, const struct price_measure *measure);

/* Whether the CPU clock can still be useful; otherwise, cpu_usec can be 0. */
bool price_wants_cpu_time(const struct price *price);

/* Microseconds of CPU time; -1 before the first dump. */
int64_t price_usec(const struct price *price);

#endif
