/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of links, one for each index, in the order of the indexes. Pure. */
#ifndef LINKWATCH_CLIENT_LINK_SET_H
#define LINKWATCH_CLIENT_LINK_SET_H

#include <stddef.h>

#include "client/linkwatch.h"

struct link_set {
    size_t count;
    size_t capacity;
    size_t bytes; /* that the links take */
    struct linkwatch_link **links;
};

/* Forgets everything; an empty set holds no memory. */
void link_set_clear(struct link_set *set);

/* Makes one of the same links. -ENOMEM. */
int link_set_copy(const struct link_set *set, struct link_set *ret);

/* Makes room, so that the next link_set_put() does not fail. -ENOMEM. */
int link_set_reserve(struct link_set *set);

/* Puts a link in, for the one with its index if there is one; takes a reference of its
 * own. -ENOMEM. */
int link_set_put(struct link_set *set, struct linkwatch_link *link);

/* Likewise, unless its links would take more bytes then: -E2BIG. */
int link_set_put_within(struct link_set *set, struct linkwatch_link *link, size_t limit);

/* Takes the link with that index out, if there is one. */
void link_set_drop(struct link_set *set, int ifindex);

/* The link with that index; with the lowest index above it; with that name or altname.
 * NULL if there is none. */
struct linkwatch_link *link_set_get(const struct link_set *set, int ifindex);
struct linkwatch_link *link_set_next(const struct link_set *set, int ifindex);
struct linkwatch_link *link_set_find(const struct link_set *set, const char *name);

#endif
