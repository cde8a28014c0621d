/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon in this process, on a socket without a name, with a consumer's way in; nothing of it
 * waits or knows the real time. */
#ifndef LINKWATCH_TESTS_MODEL_SERVE_H
#define LINKWATCH_TESTS_MODEL_SERVE_H

#include "daemon/daemon.h"

/* Connections that wait to be accepted. */
#define SERVE_BACKLOG 64

struct serve {
    struct ev_loop *loop;
    struct log *log;
    struct daemon *daemon;
    int listener; /* the daemon's */
};

/* What config_read() gives without a file. -errno, as config_read() says. */
int serve_config(struct config *ret);

/* -ENOMEM; then nothing is left of it. */
int serve_start(struct serve *serve, const struct config *config);
void serve_stop(struct serve *serve);

void serve_reload(struct serve *serve, const struct config *config);

/* One iteration of the loop, without waiting. */
void serve_iterate(struct serve *serve);

/* A new non-blocking connection, of this user or of that one; -errno. */
int serve_connect(const struct serve *serve);
int serve_connect_as(const struct serve *serve, uid_t uid);

/* Where the daemon's links come from. */
const struct source *serve_source(const struct serve *serve);

#endif
