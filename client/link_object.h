/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A link, read from the daemon's JSON. */
#ifndef LINKWATCH_CLIENT_LINK_OBJECT_H
#define LINKWATCH_CLIENT_LINK_OBJECT_H

#include <jansson.h>

#include "client/linkwatch.h"
#include "client/object.h"

/* Bytes that links may take by default: they are those of one network
 * namespace, and more are a mistake, or worse. */
#define LIMIT_OF_LINKS ((size_t)64 * 1024 * 1024)

/* Reads the wire's type Link. -EBADMSG if it isn't one: no usable index or name, or a
 * known field of another type than it has; -ENOMEM. Unknown fields are kept in the
 * link's JSON and nothing else. The caller has the one reference. */
int link_from_json(const json_t *json, struct linkwatch_link **ret);

/* Bytes of memory that it takes. */
size_t link_bytes(const struct linkwatch_link *link);

/* Whether two states under the same index belong to two links, by all the evidence in them. */
bool link_is_another(const struct linkwatch_link *before, const struct linkwatch_link *now);

#endif
