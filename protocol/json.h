/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses JSON text, and distinguishes the errors. Pure. */
#ifndef LINKWATCH_PROTOCOL_JSON_H
#define LINKWATCH_PROTOCOL_JSON_H

#include <jansson.h>
#include <stddef.h>

/* Limits of a document. jansson takes about 100 ns for a value, whose text may be a single byte,
 * and rejects nesting only from 2048 levels on. */
struct json_limits {
    size_t depth;  /* nesting depth of objects and arrays */
    size_t values; /* in total, approximately: members, elements, objects and arrays */
    size_t string; /* bytes of one string, including escapes */
};

/* Parses a complete document; flags are those of jansson, and limits may be NULL. -EBADMSG if it is
 * not valid JSON, -E2BIG if it exceeds a limit (nothing beyond that is parsed), or -ENOMEM. */
int json_read(const char *text, size_t length, size_t flags, const struct json_limits *limits,
              json_t **ret);

#endif
