/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of links, one for each index, in the order of the indexes. Pure. */
#ifndef LINKWATCH_CLIENT_PICTURE_H
#define LINKWATCH_CLIENT_PICTURE_H

#include <stddef.h>

#include "client/linkwatch.h"

struct picture {
    size_t count;
    size_t capacity;
    size_t bytes; /* that the links take */
    struct linkwatch_link **links;
};

/* Forgets everything; an empty picture holds no memory. */
void picture_clear(struct picture *picture);

/* Makes one of the same links. -ENOMEM. */
int picture_copy(const struct picture *picture, struct picture *ret);

/* Makes room, so that the next picture_put() does not fail. -ENOMEM. */
int picture_reserve(struct picture *picture);

/* Puts a link in, for the one with its index if there is one; takes a reference of its
 * own. -ENOMEM. */
int picture_put(struct picture *picture, struct linkwatch_link *link);

/* Likewise, unless its links would take more bytes then: -E2BIG. */
int picture_put_within(struct picture *picture, struct linkwatch_link *link, size_t limit);

/* Takes the link with that index out, if there is one. */
void picture_drop(struct picture *picture, int ifindex);

/* The link with that index; with the lowest index above it; with that name or altname.
 * NULL if there is none. */
struct linkwatch_link *picture_get(const struct picture *picture, int ifindex);
struct linkwatch_link *picture_next(const struct picture *picture, int ifindex);
struct linkwatch_link *picture_find(const struct picture *picture, const char *name);

#endif
