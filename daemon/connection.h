/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One consumer: reads a call, holds at most one answer, and writes it to the socket slice by slice.
 * The owner of the connection interprets the calls. */
#ifndef LINKWATCH_DAEMON_CONNECTION_H
#define LINKWATCH_DAEMON_CONNECTION_H

#include <stddef.h>

#include "daemon/answer.h"
#include "daemon/caller.h"
#include "daemon/workqueue.h"

/* Seconds after which a consumer that reads nothing of a reply is disconnected, except for endless
 * answers. */
#define CONNECTION_PATIENCE 10.

struct closer;
struct ev_loop;
struct connection;

/* A complete message was received; it is valid during the call. Returns 0 with the answer, which is
 * NULL if the call requires none; -errno closes the connection. The namespace of the caller may be
 * replaced. */
typedef int (*connection_respond)(void *user, struct caller *caller, const char *message,
                                  size_t length, struct answer **ret);

/* What all connections of a server share. */
struct connection_host {
    struct ev_loop *loop;
    struct workqueue *queue;
    struct closer *closer;
    TAILQ_HEAD(connections, connection) connections;
    connection_respond respond;
    void *respond_user;
    /* The connection of this caller is about to be freed. */
    void (*closed)(void *closed_user, const struct caller *caller);
    void *closed_user;
};

/* Creates a connection on a connected non-blocking socket, which it takes ownership of, but not on
 * failure. Its calls are made by this user, operate on this namespace, and have at most request_max
 * bytes. NULL if out of memory. */
struct connection *connection_new(struct connection_host *host, int fd, struct user *user,
                                  struct namespace *namespace, size_t request_max);

/* Closes the socket. Must not be called from respond(). */
struct connection *connection_free(struct connection *connection);

#endif
