/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The listening socket: admits connections, up to the limits. */
#ifndef LINKWATCH_DAEMON_SERVER_H
#define LINKWATCH_DAEMON_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/config.h"
#include "daemon/connection.h"

struct ev_loop;
struct log;
struct server;

/* What a server needs; all of it outlives the server. */
struct server_parts {
    struct log *log;
    struct users *users;
    const struct config_limits *limits; /* sessions that are over others later on stay */
    struct namespace *namespace;        /* that calls are about, until they enter another one */
    connection_respond respond;
    void *respond_user;
};

/* A server on a listening socket, which it takes. path is removed in the end if this
 * process made it, else NULL. It does not accept yet. NULL without memory. */
struct server *server_new(struct ev_loop *loop, const struct server_parts *parts, int fd,
                          const char *path);

/* Closes all sessions too. */
struct server *server_free(struct server *server);

/* Accepts from now on. Who connected before that waits in the queue. */
void server_start(struct server *server);

#endif
