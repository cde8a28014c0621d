/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network namespaces that consumers entered, each by passing a socket of it. Consumers that
 * pass the same socket share the namespace, its table and its history. Different sockets of one
 * namespace are not shared, because another holder of a socket can drain or filter it. */
#ifndef LINKWATCH_DAEMON_ENTERED_H
#define LINKWATCH_DAEMON_ENTERED_H

#include <stddef.h>

#include "daemon/namespaces.h"
#include "daemon/users.h"

/* How long table and history stay without consumers and without the socket, which would keep the
 * namespace alive: who enters again with the same socket in this time goes on from there. */
#define ENTERED_LINGER_SECONDS 30.

struct entered_limits {
    size_t namespaces;          /* in total */
    size_t namespaces_per_user; /* of one user id */
    size_t bytes;               /* memory of all their links */
};

struct entered;

/* own: the daemon's namespace. A socket of that one leads there. budget: what polling is paid from;
 * room: where all receive. Both outlive it. NULL without memory. */
struct entered *entered_new(struct ev_loop *loop, struct namespace *own, struct budget *budget,
                            struct rtnl_room *room);

/* Nobody may be in one of them any more. */
struct entered *entered_free(struct entered *entered);

/* Limits, what a source needs, and how many bytes the histories of all namespaces may have
 * together, the daemon's own included. From now on; namespaces that are over a limit stay. */
void entered_configure(struct entered *entered, const struct entered_limits *limits,
                       const struct source_config *source, size_t history_bytes);

/* The namespace of a socket that a user handed in, which it takes, also on failure. It is the
 * caller's to count itself there, at once. -EINVAL: the socket is none of rtnetlink that is not
 * connected; -EUSERS: a limit is reached, *ret_limit is its name; -ENOMEM. */
int entered_enter(struct entered *entered, struct user *user, int socket, struct namespace **ret,
                  const char **ret_limit);

size_t entered_count(const struct entered *entered);
/* Bytes that the links of all have. */
size_t entered_bytes(const struct entered *entered);

#endif
