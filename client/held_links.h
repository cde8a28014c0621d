/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links of which something is held, in the order of their indexes. Pure. */
#ifndef LINKWATCH_CLIENT_HELD_LINKS_H
#define LINKWATCH_CLIENT_HELD_LINKS_H

#include <stddef.h>

#include "client/held_link.h"

struct held_links {
    struct held_link *items;
    size_t count;
    size_t capacity;
};

void held_links_clear(struct held_links *links);

/* The one of that index; NULL if nothing of it is held. */
struct held_link *held_links_find(const struct held_links *links, int ifindex);

/* The one with the lowest index above that one; NULL at the end. */
struct held_link *held_links_next(const struct held_links *links, int ifindex);

/* The one of that index, made if it has to be: of a link that is like that now, which may be NULL.
 * Others move. NULL without memory. */
struct held_link *held_links_provide(struct held_links *links, int ifindex,
                                     struct linkwatch_link *now);

/* Takes it out. Others move. */
void held_links_drop(struct held_links *links, struct held_link *held);

#endif
