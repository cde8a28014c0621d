/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/link_set.h"

#include <string.h>

static int by_index(const struct object *object, const void *key)
{
    int ifindex = linkwatch_link_ifindex((const struct linkwatch_link *)object);
    int other = *(const int *)key;

    return (ifindex > other) - (ifindex < other);
}

int link_set_order(const struct object *object, const void *key)
{
    int ifindex = linkwatch_link_ifindex(key);

    return by_index(object, &ifindex);
}

int link_set_put(struct object_set *set, struct linkwatch_link *link, size_t limit)
{
    return object_set_put(set, link_set_order, (struct object *)link, limit);
}

void link_set_drop(struct object_set *set, int ifindex)
{
    object_set_drop(set, by_index, &ifindex);
}

struct linkwatch_link *link_set_get(const struct object_set *set, int ifindex)
{
    return (struct linkwatch_link *)object_set_get(set, by_index, &ifindex);
}

struct linkwatch_link *link_set_next(const struct object_set *set, int ifindex)
{
    return (struct linkwatch_link *)object_set_next(set, by_index, &ifindex);
}

bool link_has_name(const struct linkwatch_link *link, const char *name)
{
    const char *altname = NULL;

    if (strcmp(linkwatch_link_ifname(link), name) == 0)
        return true;
    while ((altname = linkwatch_link_next_text(link, LINKWATCH_FIELD_ALTNAMES, altname)))
        if (strcmp(altname, name) == 0)
            return true;
    return false;
}

struct linkwatch_link *link_set_find(const struct object_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        struct linkwatch_link *link = (struct linkwatch_link *)set->objects[i];

        if (link_has_name(link, name))
            return link;
    }
    return NULL;
}
