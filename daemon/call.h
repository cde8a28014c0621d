/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A Varlink call, parsed from its JSON text. Pure. */
#ifndef LINKWATCH_DAEMON_CALL_H
#define LINKWATCH_DAEMON_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct call {
    json_t *message;
    const char *method; /* full name; "" if the call has none */
    json_t *parameters; /* an object, NULL if the call has none */
    bool oneway;        /* no reply is wanted, not even an error */
    bool more;          /* several replies are */
    const char *wrong;  /* name of a member that can't be right, NULL if all are */
};

/* More than the longest filters have. */
#define CALL_VALUES_MAX 2048
#define CALL_STRING_MAX 1024

/* Reads a call. -EBADMSG if it is none: not the text of one JSON object; -E2BIG if it is
 * nested deeper than that, or over a limit above; -ENOMEM. Members that are missing or of a
 * wrong type make wrong. */
int call_parse(const char *text, size_t length, size_t depth_max, struct call *ret);

/* Frees what it holds. */
void call_clear(struct call *call);

/* A parameter, NULL if it is missing or null. */
json_t *call_parameter(const struct call *call, const char *name);

/* The text of a string; NULL if it is none, or has a NUL inside. */
const char *call_text(const json_t *value);

#endif
