/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The price of a dump, estimated from the cost of the last few. Pure. */
#ifndef LINKWATCH_DAEMON_PRICE_H
#define LINKWATCH_DAEMON_PRICE_H

#include <stdbool.h>
#include <stdint.h>

/* How many dumps count: enough that what disturbs a few of them does not show, and few enough
 * that one knows soon of more links. */
#define PRICE_DUMPS 9

/* All zero before the first. */
struct price {
    int64_t usec[PRICE_DUMPS];
    int64_t quartile; /* the lower one of them */
    unsigned count;   /* of all dumps so far */
    unsigned coarse;  /* of those up to the last, one after another, for which the clock of CPU time
                       * was too coarse */
};

/* What one took, by the clock of CPU time and by one that goes on. */
struct price_measure {
    int64_t cpu_usec;
    int64_t wall_usec;
};

void price_add(struct price *price, const struct price_measure *measure);

/* Whether the clock of CPU time can still be of use; else its part of a measure may be 0. */
bool price_wants_cpu_time(const struct price *price);

/* Microseconds of CPU time; -1 before the first dump. */
int64_t price_usec(const struct price *price);

#endif
