/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interface's methods: from a call to its answer. They keep nothing. */
#ifndef LINKWATCH_DAEMON_METHODS_H
#define LINKWATCH_DAEMON_METHODS_H

#include <stddef.h>

#include "daemon/answer.h"
#include "daemon/server.h"

/* Who calls, and what about. */
struct methods_context {
    struct connection *connection;
    struct entered *entered;
    struct namespace *namespace;
    const struct server *server;
    struct user *user;
    int64_t started_usec; /* the daemon, of CLOCK_MONOTONIC */
};

/* The answer to the call in a message; NULL if it wants none. -errno: it is no call, or there is
 * no memory. */
int methods_answer(const struct methods_context *context, const char *message, size_t length,
                   struct answer **ret);

#endif
