/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of links, one for each index, in the order of the indexes. Pure. */
#ifndef LINKWATCH_CLIENT_LINK_SET_H
#define LINKWATCH_CLIENT_LINK_SET_H

#include "client/linkwatch.h"
#include "client/object_set.h"

/* The order of the set. */
int link_set_order(const struct object *link, const void *other);

/* As object_set_put(). */
int link_set_put(struct object_set *set, struct linkwatch_link *link, size_t limit);

/* Takes the link with that index out, if there is one. */
void link_set_drop(struct object_set *set, int ifindex);

/* The link with that index; with the lowest index above it; with that name or altname.
 * NULL if there is none. */
struct linkwatch_link *link_set_get(const struct object_set *set, int ifindex);
struct linkwatch_link *link_set_next(const struct object_set *set, int ifindex);
struct linkwatch_link *link_set_find(const struct object_set *set, const char *name);

/* Whether that is exactly a name or altname of the link. */
bool link_has_name(const struct linkwatch_link *link, const char *name);

#endif
