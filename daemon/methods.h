/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of the interfaces: turn a call into its answer. Stateless. */
#ifndef LINKWATCH_DAEMON_METHODS_H
#define LINKWATCH_DAEMON_METHODS_H

#include <stddef.h>

#include "daemon/answer.h"
#include "daemon/caller.h"
#include "daemon/config.h"

/* What all calls share. */
struct methods {
    const struct config *config;
    const struct users *users;
    struct entered *entered;
    int64_t started_usec; /* start of the daemon, CLOCK_MONOTONIC */
};

/* The answer to the call in a message; NULL if the call requires none. -errno if it is not a call,
 * or out of memory. user is the struct methods. A connection_respond. */
int methods_answer(void *user, struct caller *caller, const char *message, size_t length,
                   struct answer **ret);

#endif
