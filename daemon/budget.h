/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU time for polling: one budget for all network namespaces, spent first where something happens.
 *
 * If it suffices, links are polled at the minimum interval in all namespaces. Otherwise, active
 * namespaces have priority. The others share the rest, but are polled at least at the maximum
 * interval, even if this exceeds the budget. While nothing happens, a part of the budget is saved,
 * up to a bound, and is spent when something does: changes thus make dumps more frequent even if
 * there is only one namespace. In any period, polling costs no more than the budget, the previous
 * savings, and the dumps at the maximum interval.
 *
 * One half of what is spent is divided by user, the other half by namespace, so that the namespaces
 * of one user do not crowd out those of another.
 *
 * Pure. Times are microseconds of one monotonic clock, prices are microseconds of CPU time. */
#ifndef LINKWATCH_DAEMON_BUDGET_H
#define LINKWATCH_DAEMON_BUDGET_H

#include <stddef.h>
#include <stdint.h>

enum budget_class {
    BUDGET_QUIET,
    BUDGET_ACTIVE, /* something happened recently, or a consumer requested it */
    BUDGET_CLASS_COUNT
};

/* The number of polled namespaces, and the total price of one dump in each of them. */
struct budget_demand {
    size_t namespaces;
    int64_t usec;
};

struct budget {
    uint32_t ppm; /* share of one CPU, in millionths: 5000 is 0.5 % */
    int64_t interval_min_usec;
    int64_t interval_max_usec;
    int64_t saved_usec; /* negative: overspent */
    int64_t saved_at;
    struct budget_demand demand[BUDGET_CLASS_COUNT];
    size_t parts[BUDGET_CLASS_COUNT]; /* with a demand */
    size_t namespaces;                /* also those that are not polled */
    uint32_t seed;
};

/* The part of one user. Initialized with zeros, except for the budget. */
struct budget_part {
    struct budget *budget;
    struct budget_demand demand[BUDGET_CLASS_COUNT];
};

/* Initializes or changes the budget. It starts with the maximum savings. */
void budget_set(struct budget *budget, uint32_t ppm, int64_t interval_min_usec,
                int64_t interval_max_usec);

/* A namespace of this part starts or stops being polled. */
void budget_add(struct budget_part *part, enum budget_class class, int64_t price);
void budget_remove(struct budget_part *part, enum budget_class class, int64_t price);

/* Charges a dump to the budget; the second function charges it to the savings, as far as they
 * suffice. */
void budget_spend(struct budget *budget, int64_t now, int64_t price);
void budget_spend_saved(struct budget *budget, int64_t now, int64_t price);

/* The interval between dumps of a polled namespace of this part and class. */
int64_t budget_interval(const struct budget_part *part, enum budget_class class);

/* The interval that a single namespace would have. */
int64_t budget_alone(const struct budget *budget, int64_t price);

#endif
