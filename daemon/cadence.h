/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a network namespace is dumped: depends on its share of the budget, and on whether something
 * happens in it. Pure; times are microseconds of one monotonic clock. */
#ifndef LINKWATCH_DAEMON_CADENCE_H
#define LINKWATCH_DAEMON_CADENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/budget.h"
#include "daemon/price.h"

enum cadence_payment {
    CADENCE_FREE,
    CADENCE_FROM_BUDGET,
    CADENCE_FROM_SAVINGS, /* as far as they suffice */
};

struct cadence {
    struct budget_part *part;
    struct price price;
    int64_t active_until;
    uint32_t dice; /* a new random number for each dump */
    /* As registered in the budget. */
    bool polled;
    enum budget_class class;
    int64_t counted; /* price of a dump */
    /* How the dump in progress was charged, and the amount. */
    enum cadence_payment payment;
    int64_t paid;
};

/* The part must outlive the cadence. */
void cadence_init(struct cadence *cadence, struct budget_part *part);
void cadence_free(struct cadence *cadence);

/* Something happened, or a consumer requested a dump: the namespace is active for some seconds. */
void cadence_activate(struct cadence *cadence, int64_t now);

/* Updates its demand in the budget, which also affects the intervals of others. */
void cadence_count(struct cadence *cadence, int64_t now, bool polled);
void cadence_uncount(struct cadence *cadence);

/* A dump begins; paid: it is charged to the budget. */
void cadence_begin(struct cadence *cadence, int64_t now, bool paid);

/* The actual cost of the dump. */
void cadence_measure(struct cadence *cadence, int64_t now, const struct price_measure *cost);

/* The price of a dump; -1 before the first. */
int64_t cadence_price(const struct cadence *cadence);

/* The interval between dumps that the budget permits. */
int64_t cadence_interval(const struct cadence *cadence);

/* When the next dump is due after one that began at the given time, with the interval of the budget
 * or another one. With several namespaces, dumps that are due at nearly the same time share one
 * iteration of the loop; long intervals are varied at random, so that dumps that began together do
 * not stay synchronized. */
int64_t cadence_due(const struct cadence *cadence, int64_t began, int64_t interval);

#endif
