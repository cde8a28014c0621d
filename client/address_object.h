/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An address, read from the daemon's JSON; and sets of them, in the order of their links. */
#ifndef LINKWATCH_CLIENT_ADDRESS_OBJECT_H
#define LINKWATCH_CLIENT_ADDRESS_OBJECT_H

#include <jansson.h>

#include "client/linkwatch.h"
#include "client/object_set.h"

/* As link_from_json(), of the wire's type Address. */
int address_from_json(const json_t *json, struct linkwatch_address **ret);

/* Bytes of memory that it takes. */
size_t address_bytes(const struct linkwatch_address *address);

/* Whether they are two states of one address. */
bool address_is_same(const struct linkwatch_address *a, const struct linkwatch_address *b);

/* The order of the set. */
int address_set_order(const struct object *address, const void *other);

/* As object_set_put(). */
int address_set_put(struct object_set *set, struct linkwatch_address *address, size_t limit);

/* Takes that one out, whatever its state, if it is there. */
void address_set_drop(struct object_set *set, const struct linkwatch_address *address);

/* That one, whatever its state; NULL if it isn't there. */
struct linkwatch_address *address_set_get(const struct object_set *set,
                                          const struct linkwatch_address *address);

/* The address after that one, which need not be there, of the link with that index, or of any for
 * 0; the first for NULL; NULL at the end. */
struct linkwatch_address *address_set_next(const struct object_set *set, int ifindex,
                                           const struct linkwatch_address *after);

#endif
