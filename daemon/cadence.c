/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cadence.h"

#include "daemon/backoff.h"

#define MSEC INT64_C(1000)
#define SEC  (1000 * MSEC)

/* A change is seldom alone. */
#define ACTIVE_TIME (10 * SEC)
/* Waking up for one dump costs as much as several of them, so those of several namespaces are due
 * at common moments. The interval of all active namespaces of a user is the same: while it is
 * short, that they are all dumped at once makes no difference to what the budget has left, and they
 * are due at its multiples. It is rounded down in so many steps between one power of two and the
 * next, lest it is another one each time. */
#define SHORT (400 * MSEC)
#define STEPS 4
#define GRID  (100 * MSEC)
/* One part of the shortest interval of so many. */
#define LATENESS 8
/* Long intervals are shortened by up to one part of so many. */
#define LONG      (2 * SEC)
#define LONG_GRID (200 * MSEC)
#define SPREAD    8

void cadence_init(struct cadence *cadence, struct budget_part *part)
{
    *cadence = (struct cadence){.part = part, .dice = ++part->budget->seed};
    part->budget->namespaces++;
}

void cadence_uncount(struct cadence *cadence)
{
    if (cadence->polled)
        budget_remove(cadence->part, cadence->class, cadence->counted);
    cadence->polled = false;
}

void cadence_free(struct cadence *cadence)
{
    cadence_uncount(cadence);
    cadence->part->budget->namespaces--;
}

void cadence_activate(struct cadence *cadence, int64_t now)
{
    cadence->active_until = after(now, ACTIVE_TIME);
}

void cadence_count(struct cadence *cadence, int64_t now, bool polled)
{
    cadence_uncount(cadence);
    cadence->polled = polled;
    cadence->class = now < cadence->active_until ? BUDGET_ACTIVE : BUDGET_QUIET;
    cadence->counted = max_time(cadence_price(cadence), 1);
    if (polled)
        budget_add(cadence->part, cadence->class, cadence->counted);
}

static void pay(struct cadence *cadence, int64_t now, int64_t usec)
{
    struct budget *budget = cadence->part->budget;

    switch (cadence->payment) {
    case CADENCE_FREE:
        break;
    case CADENCE_FROM_BUDGET:
        budget_spend(budget, now, usec);
        break;
    case CADENCE_FROM_SAVINGS:
        budget_spend_saved(budget, now, usec);
        break;
    }
}

/* Dumps at the longest interval go on where the budget does not suffice for them, and leave the
 * active ones theirs. */
void cadence_begin(struct cadence *cadence, int64_t now, bool paid)
{
    bool rare = cadence_interval(cadence) >= cadence->part->budget->interval_max_usec;

    cadence->dice = cadence->dice * 1664525 + 1013904223;
    cadence->payment = !paid ? CADENCE_FREE : rare ? CADENCE_FROM_SAVINGS : CADENCE_FROM_BUDGET;
    cadence->paid = max_time(cadence_price(cadence), 0);
    pay(cadence, now, cadence->paid);
}

/* The price is less than the mean: it has nothing of what disturbs a few of them. What they cost
 * all together is what counts in the budget, as far as it can be measured. */
void cadence_measure(struct cadence *cadence, int64_t now, const struct price_measure *cost)
{
    price_add(&cadence->price, cost);
    if (price_wants_cpu_time(&cadence->price))
        pay(cadence, now, cost->cpu_usec - cadence->paid);
    cadence->payment = CADENCE_FREE;
}

int64_t cadence_price(const struct cadence *cadence)
{
    return price_usec(&cadence->price);
}

int64_t cadence_interval(const struct cadence *cadence)
{
    const struct budget *budget = cadence->part->budget;

    if (cadence->polled)
        return budget_interval(cadence->part, cadence->class);
    return budget_alone(budget, cadence_price(cadence));
}

static int64_t round_down(int64_t time, int64_t unit)
{
    return time - time % unit;
}

static int64_t in_steps(int64_t interval)
{
    int64_t step = 1;

    while (step * 2 * STEPS <= interval)
        step *= 2;
    return max_time(round_down(interval, step), 1);
}

/* The last multiple of the interval until then, or, where that is too soon, the next one: a dump is
 * never sooner than the shortest interval, but for the time that one may be late. */
static int64_t next_common(const struct cadence *cadence, int64_t began, int64_t interval)
{
    int64_t shortest = cadence->part->budget->interval_min_usec;
    int64_t unit = in_steps(interval);
    int64_t due = round_down(after(began, interval), unit);

    return due < began + shortest - shortest / LATENESS ? due + unit : due;
}

/* Between 0 and one part of so many. */
static int64_t shortening(const struct cadence *cadence, int64_t interval)
{
    return interval / SPREAD * (cadence->dice >> 16) / UINT16_MAX;
}

int64_t cadence_due(const struct cadence *cadence, int64_t began, int64_t interval)
{
    int64_t due = after(began, interval);

    if (cadence->part->budget->namespaces < 2 || due < 0 || due == INT64_MAX)
        return due;
    if (interval < SHORT)
        return next_common(cadence, began, interval);
    if (interval < LONG)
        return round_down(due, GRID);
    return round_down(due - shortening(cadence, interval), LONG_GRID);
}
