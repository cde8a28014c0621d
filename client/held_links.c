/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/held_links.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/array.h"

void held_links_clear(struct held_links *links)
{
    for (size_t i = 0; i < links->count; i++)
        held_link_clear(&links->items[i]);
    free(links->items);
    *links = (struct held_links){0};
}

static size_t place_of(const struct held_links *links, int64_t ifindex)
{
    size_t low = 0;
    size_t high = links->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (links->items[middle].ifindex < ifindex)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct held_link *held_links_find(const struct held_links *links, int ifindex)
{
    size_t place = place_of(links, ifindex);

    return place < links->count && links->items[place].ifindex == ifindex ? &links->items[place]
                                                                          : NULL;
}

struct held_link *held_links_next(const struct held_links *links, int ifindex)
{
    size_t place = place_of(links, (int64_t)ifindex + 1);

    return place < links->count ? &links->items[place] : NULL;
}

struct held_link *held_links_provide(struct held_links *links, int ifindex,
                                     struct linkwatch_link *now)
{
    struct held_link *held = held_links_find(links, ifindex);
    size_t place = place_of(links, ifindex);

    if (held)
        return held;
    if (array_grow(&links->items, &links->capacity, links->count + 1, sizeof(*held)) < 0)
        return NULL;
    held = &links->items[place];
    memmove(held + 1, held, (links->count - place) * sizeof(*held));
    links->count++;
    held_link_init(held, ifindex, now);
    return held;
}

void held_links_drop(struct held_links *links, struct held_link *held)
{
    size_t place = (size_t)(held - links->items);

    held_link_clear(held);
    links->count--;
    memmove(held, held + 1, (links->count - place) * sizeof(*held));
}
