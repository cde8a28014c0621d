/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/budget.h"

#include <stdbool.h>

#include "daemon/backoff.h"

#define SEC INT64_C(1000000)

/* The most that can be saved: the budget of so long a time. */
#define SAVED_MAX (30 * SEC)
/* What is saved is spent, and what was spent in advance is saved, so fast that it would take this
 * time. */
#define SPENDING_TIME (2 * SEC)
/* And not faster than so many times the budget. */
#define SPENDING_MAX 4
/* One part of so many is saved while nothing happens. */
#define SAVING 8

static int64_t saved_max(const struct budget *budget)
{
    return SAVED_MAX * budget->ppm / SEC;
}

void budget_set(struct budget *budget, uint32_t ppm, int64_t interval_min_usec,
                int64_t interval_max_usec)
{
    bool first = budget->ppm == 0;

    budget->ppm = ppm;
    budget->interval_min_usec = interval_min_usec;
    budget->interval_max_usec = interval_max_usec;
    if (first)
        budget->saved_usec = saved_max(budget);
}

static void change(struct budget_demand *demand, int sign, int64_t price)
{
    demand->namespaces += (size_t)sign;
    demand->usec += sign * price;
}

void budget_add(struct budget_part *part, enum budget_class class, int64_t price)
{
    part->budget->parts[class] += part->demand[class].namespaces == 0;
    change(&part->demand[class], 1, price);
    change(&part->budget->demand[class], 1, price);
}

void budget_remove(struct budget_part *part, enum budget_class class, int64_t price)
{
    change(&part->demand[class], -1, price);
    change(&part->budget->demand[class], -1, price);
    part->budget->parts[class] -= part->demand[class].namespaces == 0;
}

/* The time that passed makes no difference after all that can be saved came in twice. */
static void save(struct budget *budget, int64_t now)
{
    int64_t passed = min_time(max_time(now - budget->saved_at, 0), 2 * SAVED_MAX);
    int64_t earned = passed * budget->ppm / SEC;

    if (earned == 0)
        return;
    budget->saved_at = now;
    budget->saved_usec = min_time(budget->saved_usec + earned, saved_max(budget));
}

void budget_spend(struct budget *budget, int64_t now, int64_t price)
{
    save(budget, now);
    budget->saved_usec = max_time(budget->saved_usec - price, -saved_max(budget));
}

void budget_spend_saved(struct budget *budget, int64_t now, int64_t price)
{
    save(budget, now);
    if (budget->saved_usec > 0)
        budget->saved_usec = max_time(budget->saved_usec - price, 0);
}

/* From here on: microseconds of CPU time in a second, which is what millionths are. */

static int64_t for_active(const struct budget *budget)
{
    int64_t all = budget->ppm + budget->saved_usec * SEC / SPENDING_TIME;

    return max_time(min_time(all, SPENDING_MAX * (int64_t)budget->ppm), budget->ppm / SAVING);
}

/* What the active ones don't need; never nothing, so that one of a few is not left alone. */
static int64_t for_quiet(const struct budget *budget)
{
    int64_t wanted = budget->demand[BUDGET_ACTIVE].usec * SEC / budget->interval_min_usec;
    int64_t active = min_time(wanted, for_active(budget));
    int64_t part = budget->ppm / SAVING;
    int64_t owed = max_time(-budget->saved_usec, 0) * SEC / SPENDING_TIME;

    return max_time(budget->ppm - part - owed - active, part);
}

/* Rounded up, for nothing is no share. */
static int64_t share_of(const struct budget_part *part, enum budget_class class, int64_t all)
{
    const struct budget *budget = part->budget;
    int64_t by_user = all / 2 / (int64_t)budget->parts[class];
    int64_t by_namespace = all / 2 * part->demand[class].usec / budget->demand[class].usec;

    return by_user + by_namespace + 1;
}

static int64_t within_bounds(const struct budget *budget, int64_t interval)
{
    return max_time(budget->interval_min_usec, min_time(interval, budget->interval_max_usec));
}

int64_t budget_interval(const struct budget_part *part, enum budget_class class)
{
    const struct budget *budget = part->budget;
    int64_t all = class == BUDGET_ACTIVE ? for_active(budget) : for_quiet(budget);

    return within_bounds(budget, part->demand[class].usec * SEC / share_of(part, class, all));
}

int64_t budget_alone(const struct budget *budget, int64_t price)
{
    return within_bounds(budget, price * SEC / budget->ppm);
}
