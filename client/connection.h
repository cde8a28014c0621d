/* A connection for calls that are answered once. */
#ifndef LINKWATCH_CLIENT_CONNECTION_H
#define LINKWATCH_CLIENT_CONNECTION_H

#include <jansson.h>

#include "client/linkwatch.h"
#include "client/wire.h"

/* A connected, non-blocking socket. -EAGAIN if the daemon has too many waiting. */
int socket_connect(const char *path);

/* Calls a method and waits for its reply, to be cleared by the caller; not an error
 * reply, that is an error with its text. Takes the reference to the parameters. */
int connection_call(struct linkwatch *connection, const char *method, json_t *parameters,
                    int64_t timeout, struct reply *ret);

/* Says in words why a call fails, for linkwatch_error(), and returns the error. */
int connection_fail(struct linkwatch *connection, int error, const char *words);

#endif
