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

/* Where consumers connect. */
struct daemon_socket {
    int fd;           /* listens */
    const char *path; /* what it is called */
    bool made;        /* by this process, which removes it in the end */
};

/* A daemon that serves on that socket, which it takes (also on failure), once the first dump was
 * taken or has failed. service is NULL where there is no manager. It and the texts must
 * outlive the daemon. NULL without memory, or without random bytes. */
struct daemon *daemon_new(struct ev_loop *loop, struct log *log, struct systemd *systemd,
                          const struct config *config, const struct daemon_socket *socket);
struct daemon *daemon_free(struct daemon *daemon);

/* Takes what may change while it runs; of the rest, it warns. */
void daemon_reload(struct daemon *daemon, const struct config *config);

/* Notifies the service manager that it is ready (again), as soon as it is. */
void daemon_notify_ready(const struct daemon *daemon);

struct namespace *daemon_namespace(const struct daemon *daemon);
const struct users *daemon_users(const struct daemon *daemon);

#endif
