/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/flap_counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/array.h"

/* Up and down alternate, so that every second change is one down, and of an odd number the one
 * more is as the first. */
uint64_t flap_downs(bool up_before, bool up_after, int64_t unseen)
{
    uint64_t changes = (uint64_t)(unseen > 0 ? unseen : 0) + (up_before != up_after);

    return up_before ? changes / 2 + changes % 2 : changes / 2;
}

/* The place of the name, or where it is to be. */
static size_t find(const struct flap_counts *counts, const char *name)
{
    size_t low = 0;
    size_t high = counts->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(counts->at[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int insert(struct flap_counts *counts, size_t place, const char *name)
{
    char *copy = strdup(name);

    if (!copy || array_grow(&counts->at, &counts->capacity, counts->count + 1,
                            sizeof(struct flap_count)) < 0) {
        free(copy);
        return -ENOMEM;
    }
    memmove(counts->at + place + 1, counts->at + place,
            (counts->count - place) * sizeof(*counts->at));
    counts->at[place] = (struct flap_count){.name = copy};
    counts->count++;
    return 0;
}

int flap_counts_add(struct flap_counts *counts, const char *name, int64_t time, uint64_t downs)
{
    size_t place;
    int r = 0;

    if (downs == 0 || time < counts->now - FLAP_DAY)
        return 0;
    place = find(counts, name);
    if (place == counts->count || strcmp(counts->at[place].name, name) != 0)
        r = insert(counts, place, name);
    if (r < 0)
        return r;
    counts->at[place].day += downs;
    if (time >= counts->now - FLAP_HOUR)
        counts->at[place].hour += downs;
    return 0;
}

void flap_counts_clear(struct flap_counts *counts)
{
    for (size_t i = 0; i < counts->count; i++)
        free(counts->at[i].name);
    free(counts->at);
    *counts = (struct flap_counts){.now = 0};
}
