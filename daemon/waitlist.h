/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers that wait for one condition. Pure. */
#ifndef LINKWATCH_DAEMON_WAITLIST_H
#define LINKWATCH_DAEMON_WAITLIST_H

#include <bsd/sys/queue.h>

/* Its owner's, who fills in the first two. */
struct waiter {
    void (*wake)(void *user);
    void *user;
    TAILQ_ENTRY(waiter) entry;
    struct waitlist *list; /* NULL: it does not wait */
};

TAILQ_HEAD(waitlist, waiter);

/* From now on it waits, there and nowhere else. */
void waitlist_add(struct waitlist *list, struct waiter *waiter);

/* It does not wait any more. */
void waitlist_remove(struct waiter *waiter);

/* It happened: who waited first is woken first, and waits no more before that. None of them may
 * wait again at once. */
void waitlist_wake(struct waitlist *list);

#endif
