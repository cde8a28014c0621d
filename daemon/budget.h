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
    BUDGET_ACTIVE, /* something happened, or a consumer asked, not long ago */
    BUDGET_CLASS_COUNT
};

/* Namespaces that are polled, and what one dump in each of them costs together. */
struct budget_demand {
    size_t namespaces;
    int64_t usec;
};

struct budget {
    uint32_t ppm; /* share of one CPU, in millionths: 5000 is 0.5 % */
    int64_t interval_min_usec;
    int64_t interval_max_usec;
    int64_t saved_usec; /* less than 0: spent in advance */
    int64_t saved_at;
    struct budget_demand demand[BUDGET_CLASS_COUNT];
    size_t parts[BUDGET_CLASS_COUNT]; /* with a demand */
    size_t namespaces;                /* also those that are not polled */
    uint32_t seed;
};

/* A user's. All zero but for the budget at first. */
struct budget_part {
    struct budget *budget;
    struct budget_demand demand[BUDGET_CLASS_COUNT];
};

/* At first, or to change it. What may be saved is there from the start. */
void budget_set(struct budget *budget, uint32_t ppm, int64_t interval_min_usec,
                int64_t interval_max_usec);

/* A namespace of that part is polled, or is not any more. */
void budget_add(struct budget_part *part, enum budget_class class, int64_t price);
void budget_remove(struct budget_part *part, enum budget_class class, int64_t price);

/* A dump was requested. The other one: from what is saved, as far as that goes. */
void budget_spend(struct budget *budget, int64_t now, int64_t price);
void budget_spend_saved(struct budget *budget, int64_t now, int64_t price);

/* The time between two dumps of a namespace of that part and class that is polled. */
int64_t budget_interval(const struct budget_part *part, enum budget_class class);

/* And of one that were alone. */
int64_t budget_alone(const struct budget *budget, int64_t price);

#endif
