/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The users of the daemon by user ID: how many connections each has, and whether another one is
 * permitted. Each check takes constant time.
 *
 * Of everything that is limited in total, a user can have at most as much as is still available to
 * others: one user can have one half, two users one third each, and so on, so that a few cannot use
 * up everything. A part of the connections is reserved for root and for the user that the daemon
 * runs as. Pure. */
#ifndef LINKWATCH_DAEMON_USERS_H
#define LINKWATCH_DAEMON_USERS_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/budget.h"
#include "daemon/quota.h"
#include "daemon/workqueue.h"

struct users;

struct user {
    LIST_ENTRY(user) entry;
    uid_t uid;
    size_t sessions;
    struct quota lists; /* what Lists hold */
    struct workqueue_share share;
    /* The network namespaces that it entered are the owner's of those to keep. */
    size_t namespaces;
    struct quota links; /* what their links hold */
    struct budget_part part;
};

struct users_counters {
    uint64_t entered;
    uint64_t refused; /* at a limit */
};

struct users_limits {
    size_t sessions;          /* in total */
    size_t sessions_per_user; /* of one user id */
};

/* The part of the sessions that is reserved: one of so many. */
#define USERS_RESERVE 16

/* Bytes that all Lists may hold together. */
#define USERS_HELD_MAX ((size_t)32 * 1024 * 1024)

/* own is the daemon's own user id; seed anything that users can't know. NULL without memory. */
struct users *users_new(uid_t own, unsigned seed);

/* Forgets who is still there; none of their shares may wait, and none of their namespaces be there,
 * any more. */
struct users *users_free(struct users *users);

/* One more session of that user. -EUSERS: a limit is reached, *ret_limit is its name; -ENOMEM. */
int users_enter(struct users *users, uid_t uid, const struct users_limits *limits,
                struct user **ret, const char **ret_limit);

/* One less. With the last one its share must not wait any more. */
void users_leave(struct users *users, struct user *user);

/* Frees the user if it has neither sessions nor namespaces. */
void users_forget(struct user *user);

/* How many sessions there are; and what happened since the start. */
size_t users_sessions(const struct users *users);
const struct users_counters *users_counters(const struct users *users);

#endif
