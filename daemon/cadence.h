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
    CADENCE_FROM_SAVINGS, /* as far as they go */
};

struct cadence {
    struct budget_part *part;
    struct price price;
    int64_t active_until;
    uint32_t dice; /* another number for each dump */
    /* As it counts in the budget. */
    bool polled;
    enum budget_class class;
    int64_t counted; /* price of a dump */
    /* How the dump under way was paid, and how much that was. */
    enum cadence_payment payment;
    int64_t paid;
};

/* The part must be there until cadence_free(). */
void cadence_init(struct cadence *cadence, struct budget_part *part);
void cadence_free(struct cadence *cadence);

/* Something happened there, or a consumer asks: it is active for some seconds. */
void cadence_activate(struct cadence *cadence, int64_t now);

/* Counts it anew, from which the intervals of others follow, too. */
void cadence_count(struct cadence *cadence, int64_t now, bool polled);
void cadence_uncount(struct cadence *cadence);

/* A dump begins; paid: from the budget. */
void cadence_begin(struct cadence *cadence, int64_t now, bool paid);

/* What it did cost in the end. */
void cadence_measure(struct cadence *cadence, int64_t now, const struct price_measure *cost);

/* What one costs; -1 before the first. */
int64_t cadence_price(const struct cadence *cadence);

/* The time between two dumps that the budget gives. */
int64_t cadence_interval(const struct cadence *cadence);

/* When the next dump is due after one that began then, by the budget's interval or another one.
 * With several namespaces, those that are due at nearly the same time are dumped in one turn of the
 * loop; and long intervals differ, so that what began together does not stay together. */
int64_t cadence_due(const struct cadence *cadence, int64_t began, int64_t interval);

#endif
