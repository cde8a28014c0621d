/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers that wait for one condition. Pure. */
#ifndef LINKWATCH_DAEMON_WAITLIST_H
#define LINKWATCH_DAEMON_WAITLIST_H

#include <bsd/sys/queue.h>

/* Belongs to the owner, which sets the first two members. */
struct waiter {
    void (*wake)(void *user);
    void *user;
    TAILQ_ENTRY(waiter) entry;
    struct waitlist *list; /* NULL if it does not wait */
};

TAILQ_HEAD(waitlist, waiter);

/* Starts waiting in this list, and in no other. */
void waitlist_add(struct waitlist *list, struct waiter *waiter);

/* Stops waiting. */
void waitlist_remove(struct waiter *waiter);

/* The condition is met: removes the waiters and wakes them, in the order in which they were added.
 * None of them may start waiting again immediately. */
void waitlist_wake(struct waitlist *list);

#endif
