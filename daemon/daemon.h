/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creates, connects, reloads and frees the parts of the daemon. Does not handle arguments or
 * signals, and never exits. */
#ifndef LINKWATCH_DAEMON_DAEMON_H
#define LINKWATCH_DAEMON_DAEMON_H

#include "daemon/config.h"

struct daemon;
struct ev_loop;
struct log;
struct namespace;
struct systemd;

/* The socket that consumers connect to. */
struct daemon_socket {
    int fd;           /* a listening socket */
    const char *path; /* its path */
    bool made;        /* created by this process, which removes it at the end */
};

/* Creates a daemon that serves on this socket, which it takes ownership of even on failure, after
 * the first dump has completed or failed. systemd is NULL without a service manager. The socket's
 * path and the other arguments must outlive the daemon. NULL if out of memory, or without random
 * bytes. */
struct daemon *daemon_new(struct ev_loop *loop, struct log *log, struct systemd *systemd,
                          const struct config *config, const struct daemon_socket *socket);
struct daemon *daemon_free(struct daemon *daemon);

/* Applies the options that may change at run time, and logs a warning about others. */
void daemon_reload(struct daemon *daemon, const struct config *config);

/* Notifies the service manager of readiness, as soon as the daemon is ready. */
void daemon_notify_ready(const struct daemon *daemon);

struct namespace *daemon_namespace(const struct daemon *daemon);
const struct users *daemon_users(const struct daemon *daemon);

#endif
