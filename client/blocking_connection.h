/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection on which each call waits for its replies, up to a time. */
#ifndef LINKWATCH_CLIENT_BLOCKING_CONNECTION_H
#define LINKWATCH_CLIENT_BLOCKING_CONNECTION_H

#include <jansson.h>

#include "client/linkwatch.h"
#include "client/wire.h"

/* Calls a method, as wire_call() names it, and waits for its reply, to be cleared by the caller;
 * not an error reply, that is an error with its text. Takes the reference to the parameters. */
int connection_call(struct linkwatch *connection, const char *method, json_t *parameters,
                    int64_t timeout, struct reply *ret);

/* The same for a method that answers with several replies: calls it, and waits for the next one,
 * up to a deadline as deadline_after() gives it. Each reply but the last one continues. */
int connection_call_more(struct linkwatch *connection, const char *method, json_t *parameters,
                         uint64_t deadline);
int connection_next(struct linkwatch *connection, uint64_t deadline, struct reply *ret);

/* Bytes that the links of a list may take. */
size_t connection_limit(const struct linkwatch *connection);

/* Hangs up in the middle of an answer that was not understood or taken; the next call connects
 * anew. Keeps the reason for linkwatch_error(), and returns the error. */
int connection_break(struct linkwatch *connection, int error);

/* Hangs up in the middle of an answer of which nothing more is wanted. 0. */
int connection_leave(struct linkwatch *connection);

/* Keeps in words why a call fails, for linkwatch_error(), and returns the error. */
int connection_fail(struct linkwatch *connection, int error, const char *words);

#endif
