/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/price.h"

#include <stdlib.h>
#include <string.h>

/* Some kernels (gVisor) count CPU time in ticks of 10 ms. On such a clock most dumps take no time
 * at all, and the one on which a tick falls takes more than passed. The time that passed is then
 * the better measure: a dump hardly waits, since the kernel answers while it is asked. */
static bool is_too_coarse(const struct price_measure *measure)
{
    return measure->cpu_usec == 0 || measure->cpu_usec > measure->wall_usec;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* Others that run, and a tick of the clock, make a dump dearer and never cheaper. On a busy machine
 * that happens to more than half of them. */
static int64_t lower_quartile(const struct price *price)
{
    unsigned count = price->count < PRICE_DUMPS ? price->count : PRICE_DUMPS;
    int64_t sorted[PRICE_DUMPS];

    if (count == 0)
        return -1;
    memcpy(sorted, price->usec, sizeof(sorted));
    qsort(sorted, count, sizeof(sorted[0]), compare);
    return sorted[(count - 1) / 4];
}

void price_add(struct price *price, const struct price_measure *measure)
{
    bool coarse = is_too_coarse(measure);

    price->usec[price->count % PRICE_DUMPS] = coarse ? measure->wall_usec : measure->cpu_usec;
    price->count++;
    price->quartile = lower_quartile(price);
    /* A clock does not change: after enough of them nobody reads it any more. */
    if (price_wants_cpu_time(price))
        price->coarse = coarse ? price->coarse + 1 : 0;
}

bool price_wants_cpu_time(const struct price *price)
{
    return price->coarse < PRICE_DUMPS;
}

int64_t price_usec(const struct price *price)
{
    return price->count ? price->quartile : -1;
}
