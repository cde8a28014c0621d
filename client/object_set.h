/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of objects in an order, with one in each place of it. Pure. */
#ifndef LINKWATCH_CLIENT_OBJECT_SET_H
#define LINKWATCH_CLIENT_OBJECT_SET_H

#include <stddef.h>

#include "client/object.h"

/* Less than, equal to or greater than 0, as the object stands before the key, at it or behind it.
 * The order's own key of an object is the object. */
typedef int (*object_order)(const struct object *object, const void *key);

struct object_set {
    size_t count;
    size_t capacity;
    size_t bytes; /* that the objects take */
    struct object **objects;
};

/* Forgets everything; an empty set holds no memory. */
void object_set_clear(struct object_set *set);

/* Makes one of the same objects. -ENOMEM. */
int object_set_copy(const struct object_set *set, struct object_set *ret);

/* Makes room, so that the next object_set_put() does not fail. -ENOMEM. */
int object_set_reserve(struct object_set *set);

/* Puts an object in, for the one in its place if there is one; takes a reference of its own.
 * -ENOMEM; -E2BIG if its objects would take more bytes than the limit then. */
int object_set_put(struct object_set *set, object_order order, struct object *object, size_t limit);

/* Takes the object in that place out, if there is one. */
void object_set_drop(struct object_set *set, object_order order, const void *key);

/* The object in that place; the first one behind it. NULL if there is none. */
struct object *object_set_get(const struct object_set *set, object_order order, const void *key);
struct object *object_set_next(const struct object_set *set, object_order order, const void *key);

/* Walks through two sets of one order together, from two places that are 0 at the beginning. *ret_a
 * and *ret_b are the next objects of one place in the order, NULL for what is in the other set
 * alone. Whether there are any. */
struct object_walk {
    const struct object_set *a;
    const struct object_set *b;
    object_order order;
    size_t at_a;
    size_t at_b;
};
bool object_walk_next(struct object_walk *walk, struct object **ret_a, struct object **ret_b);

#endif
