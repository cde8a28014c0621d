/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/link_object.h"

#define FIRST_CAPACITY 16

void picture_clear(struct picture *picture)
{
    for (size_t i = 0; i < picture->count; i++)
        linkwatch_link_unref(picture->links[i]);
    free(picture->links);
    *picture = (struct picture){0};
}

/* The place of the first link whose index is at least that. */
static size_t place_of(const struct picture *picture, int ifindex)
{
    size_t low = 0;
    size_t high = picture->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (linkwatch_link_ifindex(picture->links[middle]) < ifindex)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct picture *picture, size_t place, int ifindex)
{
    return place < picture->count && linkwatch_link_ifindex(picture->links[place]) == ifindex;
}

int picture_reserve(struct picture *picture)
{
    size_t capacity = picture->capacity ? picture->capacity * 2 : FIRST_CAPACITY;
    struct linkwatch_link **links;

    if (picture->count < picture->capacity)
        return 0;
    links = reallocarray(picture->links, capacity, sizeof(struct linkwatch_link *));
    if (!links)
        return -ENOMEM;
    picture->links = links;
    picture->capacity = capacity;
    return 0;
}

int picture_copy(const struct picture *picture, struct picture *ret)
{
    struct picture copy = *picture;

    if (picture->count == 0) {
        *ret = (struct picture){0};
        return 0;
    }
    copy.links = calloc(picture->capacity, sizeof(struct linkwatch_link *));
    if (!copy.links)
        return -ENOMEM;
    for (size_t i = 0; i < picture->count; i++)
        copy.links[i] = linkwatch_link_ref(picture->links[i]);
    *ret = copy;
    return 0;
}

int picture_put(struct picture *picture, struct linkwatch_link *link)
{
    size_t place = place_of(picture, linkwatch_link_ifindex(link));

    if (is_at(picture, place, linkwatch_link_ifindex(link))) {
        picture->bytes -= link_bytes(picture->links[place]);
        linkwatch_link_ref(link);
        linkwatch_link_unref(picture->links[place]);
    } else {
        int r = picture_reserve(picture);

        if (r < 0)
            return r;
        memmove(&picture->links[place + 1], &picture->links[place],
                (picture->count - place) * sizeof(picture->links[0]));
        picture->count++;
        linkwatch_link_ref(link);
    }
    picture->links[place] = link;
    picture->bytes += link_bytes(link);
    return 0;
}

int picture_put_within(struct picture *picture, struct linkwatch_link *link, size_t limit)
{
    const struct linkwatch_link *before = picture_get(picture, linkwatch_link_ifindex(link));
    size_t bytes = picture->bytes + link_bytes(link) - (before ? link_bytes(before) : 0);

    return bytes > limit ? -E2BIG : picture_put(picture, link);
}

void picture_drop(struct picture *picture, int ifindex)
{
    size_t place = place_of(picture, ifindex);

    if (!is_at(picture, place, ifindex))
        return;
    picture->bytes -= link_bytes(picture->links[place]);
    linkwatch_link_unref(picture->links[place]);
    picture->count--;
    memmove(&picture->links[place], &picture->links[place + 1],
            (picture->count - place) * sizeof(picture->links[0]));
    if (picture->count == 0)
        picture_clear(picture);
}

struct linkwatch_link *picture_get(const struct picture *picture, int ifindex)
{
    size_t place = place_of(picture, ifindex);

    return is_at(picture, place, ifindex) ? picture->links[place] : NULL;
}

struct linkwatch_link *picture_next(const struct picture *picture, int ifindex)
{
    size_t place = place_of(picture, ifindex);

    if (is_at(picture, place, ifindex))
        place++;
    return place < picture->count ? picture->links[place] : NULL;
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

struct linkwatch_link *picture_find(const struct picture *picture, const char *name)
{
    for (size_t i = 0; i < picture->count; i++)
        if (has_name(picture->links[i], name))
            return picture->links[i];
    return NULL;
}
