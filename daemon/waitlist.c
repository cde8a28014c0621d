/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/waitlist.h"

#include <stddef.h>

void waitlist_add(struct waitlist *list, struct waiter *waiter)
{
    waitlist_remove(waiter);
    waiter->list = list;
    TAILQ_INSERT_TAIL(list, waiter, entry);
}

void waitlist_remove(struct waiter *waiter)
{
    if (!waiter->list)
        return;
    TAILQ_REMOVE(waiter->list, waiter, entry);
    waiter->list = NULL;
}

void waitlist_wake(struct waitlist *list)
{
    struct waiter *waiter;

    while ((waiter = TAILQ_FIRST(list))) {
        waitlist_remove(waiter);
        waiter->wake(waiter->user);
    }
}
