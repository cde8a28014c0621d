/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The listening socket: who may come in, and how many. */
#ifndef LINKWATCH_DAEMON_SERVER_H
#define LINKWATCH_DAEMON_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/connection.h"

struct ev_loop;
struct log;
struct server;

struct server_limits {
    struct users_limits users;
    size_t request;    /* bytes of one request, and of those that wait */
    size_t json_depth; /* of one request; it is the request handler's to keep */
};

struct server_counters {
    uint64_t sessions; /* accepted */
    uint64_t refused;  /* at a limit */
};

/* The answer to a call, as connection_host says. */
typedef int (*server_respond)(void *user, struct connection *connection, const char *message,
                              size_t length, struct answer **ret);

/* A server on a listening socket, which it takes. path is removed in the end if this
 * process made it, else NULL. It does not accept yet. Its connections are about that namespace.
 * NULL without memory. */
struct server *server_new(struct ev_loop *loop, struct log *log, int fd, const char *path,
                          const struct server_limits *limits, struct namespace *namespace,
                          server_respond respond, void *user);

/* Closes all sessions too. */
struct server *server_free(struct server *server);

/* Accepts from now on. Who connected before that waits in the queue. */
void server_start(struct server *server);

/* Other limits from now on; sessions that are over them stay. */
void server_set_limits(struct server *server, const struct server_limits *limits);

const struct server_limits *server_limits(const struct server *server);

size_t server_session_count(const struct server *server);
const struct server_counters *server_counters(const struct server *server);

#endif
