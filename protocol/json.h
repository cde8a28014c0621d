/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses JSON text, and distinguishes the errors. Pure. */
#ifndef LINKWATCH_PROTOCOL_JSON_H
#define LINKWATCH_PROTOCOL_JSON_H

#include <jansson.h>
#include <stddef.h>

/* What a document may be at most; jansson takes some 100 ns for a value, whose text may be one
 * byte, and refuses what is too deep only at 2048 levels. */
struct json_limits {
    size_t depth;  /* of objects and arrays in each other */
    size_t values; /* in total, about: members, elements, and what holds them */
    size_t string; /* bytes of one string, as it is written */
};

/* Reads a whole document; flags are jansson's. limits may be NULL: none. -EBADMSG if it is
 * none, -E2BIG if it is over a limit (nothing beyond that is read), -ENOMEM. */
int json_read(const char *text, size_t length, size_t flags, const struct json_limits *limits,
              json_t **ret);

#endif
