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
    bool oneway;        /* no reply is sent, not even an error */
    bool more;          /* several replies are accepted */
    const char *wrong;  /* name of an invalid member, or NULL */
};

/* Sufficient for the largest filters. */
#define CALL_VALUES_MAX 2048
#define CALL_STRING_MAX 1024

/* Parses a call. -EBADMSG if it is not the text of one JSON object; -E2BIG if it is nested deeper
 * than depth_max, or exceeds a limit above; or -ENOMEM. wrong is set if a member is missing or has
 * the wrong type. */
int call_parse(const char *text, size_t length, size_t depth_max, struct call *ret);

/* Frees the members. */
void call_clear(struct call *call);

/* The value of a parameter; NULL if it is missing or null. */
json_t *call_parameter(const struct call *call, const char *name);

/* The text of a string; NULL if the value is not a string, or contains a NUL. */
const char *call_text(const json_t *value);

#endif
