/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The obstacles of a claim, and the claims that wait until they are gone. The claims affected by a
 * change of the table are looked up, so that the work for each claim hardly grows with their
 * number. A part of claims. Pure. */
#ifndef LINKWATCH_DAEMON_OBSTACLES_H
#define LINKWATCH_DAEMON_OBSTACLES_H

#include <stdbool.h>

#include "daemon/claim.h"

enum obstacle {
    BEARER, /* a link bears the name */
    MASTER, /* a link is the master and not there */
    PORT,   /* a link is a port of the one that is gone */
};

/* True to end the walk. */
typedef bool (*obstacle_visitor)(void *user, enum obstacle obstacle, int ifindex, const char *name);

/* Each obstacle of a claim, which need not wait; true if the visitor ended the walk. */
bool obstacles_visit(const struct claims *claims, const struct claim *claim, obstacle_visitor visit,
                     void *user);

/* Whether there is none. */
bool obstacles_none(const struct claims *claims, const struct claim *claim);

/* The master that a claim has, of another index than its own; 0 for none. */
int obstacles_master(const struct claim *claim);

void obstacles_init(struct claims *claims);

/* The claim waits from now on. 0, or -ENOMEM. And no more. */
int obstacles_await(struct claims *claims, struct claim *claim);
void obstacles_leave(struct claims *claims, struct claim *claim);

/* It waits on, without its master. */
void obstacles_leave_master_out(struct claims *claims, struct claim *claim);

/* The waiting claim is to be seen; and the next one that is, NULL for none: first those that fit.
 */
void obstacles_wake(struct claims *claims, struct claim *claim);
struct claim *obstacles_next_woken(struct claims *claims);

/* The table may have another state of that link than before, which is NULL if it was not there:
 * wakes the claims that fit now, or that it is newly in the way of. */
void obstacles_follow(struct claims *claims, int ifindex, const struct link *before);

/* Wakes the claims that the link is in the way of, which may have counted on that it goes away. */
void obstacles_doubt(struct claims *claims, int ifindex);

#endif
