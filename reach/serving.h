/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serves a program's sockets according to the policy, for both tracing and preloading. */
#ifndef REACH_SERVING_H
#define REACH_SERVING_H

#include <stdint.h>
#include <sys/types.h>

#include "reach/policy.h"
#include "reach/reports.h"
#include "reach/subscription.h"
#include "reach/warning.h"

struct serving {
    struct subscriptions subscriptions;
    struct warnings warnings;
};

/* Rules on an attempt on the socket with that inode. A bind to a port that only our duplicate of a
 * closed socket held is to be repeated, too. */
struct ruling serving_rule(struct serving *serving, uint64_t inode, const struct attempt *attempt);

/* Serves the socket from now on, which is bound as the ruling requires. Returns the errno that the
 * program gets, or -errno, of which the user was warned. */
int serving_apply(struct serving *serving, const struct served_socket *socket,
                  const struct ruling *ruling);

#endif
