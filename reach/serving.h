/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done about a call by which a program subscribes, where tracing and preloading agree: the
 * policy is asked, and the socket is served according to it. */
#ifndef REACH_SERVING_H
#define REACH_SERVING_H

#include <stdint.h>
#include <sys/types.h>

#include "reach/policy.h"
#include "reach/reports.h"
#include "reach/subscription.h"
#include "reach/warning.h"

struct serving {
    struct subscriptions *subscriptions;
    struct warnings warnings;
};

/* A socket of a program's. */
struct served_socket {
    uint64_t inode;
    int duplicate; /* -1 if it is served already; serving_apply() takes it, also if it fails */
    pid_t process;
    int fd; /* in that process */
    struct reports *reports;
};

/* What an attempt on the socket with that inode comes to. */
struct ruling serving_rule(struct serving *serving, uint64_t inode, const struct attempt *attempt);

/* Serves the socket, which is bound according to the ruling, from now on. The errno that the
 * program is to see, or -errno, of which the user was warned. */
int serving_apply(struct serving *serving, const struct served_socket *socket,
                  const struct ruling *ruling);

#endif
