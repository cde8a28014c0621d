/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One consumer: reads a call, holds at most one answer, and writes it to the socket slice by slice.
 * The owner of the connection interprets the calls. */
#ifndef LINKWATCH_DAEMON_CONNECTION_H
#define LINKWATCH_DAEMON_CONNECTION_H

#include <stddef.h>

#include "daemon/answer.h"
#include "daemon/caller.h"
#include "daemon/workqueue.h"

/* Seconds that a consumer may leave an answer unread that ends. */
#define CONNECTION_PATIENCE 10.

struct closer;
struct ev_loop;
struct connection;

/* A whole message came, valid during the call: 0 with the answer to it, which is NULL if it wants
 * none; -errno closes the connection. The namespace of the caller may be replaced. */
typedef int (*connection_respond)(void *user, struct caller *caller, const char *message,
                                  size_t length, struct answer **ret);

/* What all connections of a server have in common. */
struct connection_host {
    struct ev_loop *loop;
    struct workqueue *queue;
    struct closer *closer;
    TAILQ_HEAD(connections, connection) connections;
    connection_respond respond;
    void *respond_user;
    /* The connection of that caller is about to be freed. */
    void (*closed)(void *closed_user, const struct caller *caller);
    void *closed_user;
};

/* A connection on a connected non-blocking socket, which it takes (not on failure), to consumers
 * of that user and about that namespace, with calls of at most so many bytes. NULL without memory.
 */
struct connection *connection_new(struct connection_host *host, int fd, struct user *user,
                                  struct namespace *namespace, size_t request_max);

/* Ends it: the socket is closed. Not to be called from respond(). */
struct connection *connection_free(struct connection *connection);

#endif
