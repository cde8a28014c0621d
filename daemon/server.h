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

/* What a server requires; all of it must outlive the server. */
struct server_parts {
    struct log *log;
    struct users *users;
    const struct config_limits *limits; /* sessions that exceed later limits are kept */
    struct namespace *namespace;        /* that calls operate on, until they enter another one */
    connection_respond respond;
    void *respond_user;
};

/* Creates a server on a listening socket, which it takes ownership of. path is removed at the end
 * if this process created it, otherwise it is NULL. Does not accept connections yet. NULL if out of
 * memory. */
struct server *server_new(struct ev_loop *loop, const struct server_parts *parts, int fd,
                          const char *path);

/* Closes all sessions, too. */
struct server *server_free(struct server *server);

/* Starts accepting. Consumers that connected before wait in the queue. */
void server_start(struct server *server);

#endif
