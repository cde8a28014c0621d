/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/link_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/link_object.h"

#define FIRST_CAPACITY 16

void link_set_clear(struct link_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        linkwatch_link_unref(set->links[i]);
    free(set->links);
    *set = (struct link_set){0};
}

/* The place of the first link whose index is at least that. */
static size_t place_of(const struct link_set *set, int ifindex)
{
    size_t low = 0;
    size_t high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (linkwatch_link_ifindex(set->links[middle]) < ifindex)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct link_set *set, size_t place, int ifindex)
{
    return place < set->count && linkwatch_link_ifindex(set->links[place]) == ifindex;
}

int link_set_reserve(struct link_set *set)
{
    size_t capacity = set->capacity ? set->capacity * 2 : FIRST_CAPACITY;
    struct linkwatch_link **links;

    if (set->count < set->capacity)
        return 0;
    links = reallocarray(set->links, capacity, sizeof(struct linkwatch_link *));
    if (!links)
        return -ENOMEM;
    set->links = links;
    set->capacity = capacity;
    return 0;
}

int link_set_copy(const struct link_set *set, struct link_set *ret)
{
    struct link_set copy = *set;

    if (set->count == 0) {
        *ret = (struct link_set){0};
        return 0;
    }
    copy.links = calloc(set->capacity, sizeof(struct linkwatch_link *));
    if (!copy.links)
        return -ENOMEM;
    for (size_t i = 0; i < set->count; i++)
        copy.links[i] = linkwatch_link_ref(set->links[i]);
    *ret = copy;
    return 0;
}

int link_set_put(struct link_set *set, struct linkwatch_link *link)
{
    size_t place = place_of(set, linkwatch_link_ifindex(link));

    if (is_at(set, place, linkwatch_link_ifindex(link))) {
        set->bytes -= link_bytes(set->links[place]);
        linkwatch_link_ref(link);
        linkwatch_link_unref(set->links[place]);
    } else {
        int r = link_set_reserve(set);

        if (r < 0)
            return r;
        memmove(&set->links[place + 1], &set->links[place],
                (set->count - place) * sizeof(set->links[0]));
        set->count++;
        linkwatch_link_ref(link);
    }
    set->links[place] = link;
    set->bytes += link_bytes(link);
    return 0;
}

int link_set_put_within(struct link_set *set, struct linkwatch_link *link, size_t limit)
{
    const struct linkwatch_link *before = link_set_get(set, linkwatch_link_ifindex(link));
    size_t bytes = set->bytes + link_bytes(link) - (before ? link_bytes(before) : 0);

    return bytes > limit ? -E2BIG : link_set_put(set, link);
}

void link_set_drop(struct link_set *set, int ifindex)
{
    size_t place = place_of(set, ifindex);

    if (!is_at(set, place, ifindex))
        return;
    set->bytes -= link_bytes(set->links[place]);
    linkwatch_link_unref(set->links[place]);
    set->count--;
    memmove(&set->links[place], &set->links[place + 1],
            (set->count - place) * sizeof(set->links[0]));
    if (set->count == 0)
        link_set_clear(set);
}

struct linkwatch_link *link_set_get(const struct link_set *set, int ifindex)
{
    size_t place = place_of(set, ifindex);

    return is_at(set, place, ifindex) ? set->links[place] : NULL;
}

struct linkwatch_link *link_set_next(const struct link_set *set, int ifindex)
{
    size_t place = place_of(set, ifindex);

    if (is_at(set, place, ifindex))
        place++;
    return place < set->count ? set->links[place] : NULL;
}

static bool has_name(const struct linkwatch_link *link, const char *name)
{
    const char *altname = NULL;

    if (strcmp(linkwatch_link_ifname(link), name) == 0)
        return true;
    while ((altname = linkwatch_link_next_altname(link, altname)))
        if (strcmp(altname, name) == 0)
            return true;
    return false;
}

struct linkwatch_link *link_set_find(const struct link_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (has_name(set->links[i], name))
            return set->links[i];
    return NULL;
}
