/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Varlink messages, as a client makes and reads them. Pure. */
#ifndef LINKWATCH_CLIENT_WIRE_H
#define LINKWATCH_CLIENT_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The largest reply that is accepted: none has more than one link. */
#define WIRE_REPLY_MAX ((size_t)1024 * 1024)

/* The text of a call of a method, like "Links.List" for org.linkwatch.Links.List, to be freed,
 * and its size with the NUL. Takes the reference to the parameters, NULL included. -ENOMEM. */
int wire_call(const char *method, json_t *parameters, bool more, char **ret, size_t *ret_size);

/* The same of the call that enters the namespace of the socket that is passed with it. */
int wire_enter_call(char **ret, size_t *ret_size);

struct reply {
    json_t *root;
    json_t *parameters; /* an object, part of root */
    const char *error;  /* part of root, NULL if it is none */
    bool continues;
};

/* Reads a reply. -EBADMSG if it isn't one, -ENOMEM. */
int wire_parse(const char *message, size_t length, struct reply *ret);
void wire_clear(struct reply *reply);

/* The negative errno that stands for an error reply. */
int wire_errno(const struct reply *reply);

/* An error reply in words, to be freed; NULL without memory. */
char *wire_error_text(const struct reply *reply);

#endif
