/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network namespaces that consumers entered, each by passing a socket of it. Consumers that
 * pass the same socket share the namespace, its table and its history. Different sockets of one
 * namespace are not shared, because another holder of a socket can drain or filter it. */
#ifndef LINKWATCH_DAEMON_ENTERED_H
#define LINKWATCH_DAEMON_ENTERED_H

#include <stddef.h>

#include "daemon/namespaces.h"
#include "daemon/users.h"

/* How long table and history are kept without consumers. The socket, which would keep the namespace
 * alive, is closed; a consumer that passes the same socket again within this time can resume. */
#define ENTERED_LINGER_SECONDS 30.

struct entered_limits {
    size_t namespaces;          /* in total */
    size_t namespaces_per_user; /* of one user id */
    size_t bytes;               /* memory of all their links */
};

struct entered;

/* own: the daemon's namespace, to which a socket of that namespace leads. budget: the budget for
 * polling. room: the shared receive buffer. Both must outlive it. NULL if out of memory. */
struct entered *entered_new(struct ev_loop *loop, struct namespace *own, struct budget *budget,
                            struct rtnl_room *room);

/* No connection may use one of them any more. */
struct entered *entered_free(struct entered *entered);

/* Sets the limits, the configuration of sources, and the size of the histories of all namespaces
 * together, including the daemon's own. Namespaces over a limit are kept. */
void entered_configure(struct entered *entered, const struct entered_limits *limits,
                       const struct source_config *source, size_t history_bytes);

/* Finds or creates the namespace of a socket that a user passed; takes ownership of the socket,
 * even on failure. The caller must add itself to the namespace immediately. -EINVAL: not an
 * unconnected rtnetlink socket; -EUSERS: a limit is reached, and *ret_limit is its name; or
 * -ENOMEM. */
int entered_enter(struct entered *entered, struct user *user, int socket, struct namespace **ret,
                  const char **ret_limit);

size_t entered_count(const struct entered *entered);
/* The memory used by the links of all of them, in bytes. */
size_t entered_bytes(const struct entered *entered);

#endif
