/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links of which a dump showed a change that no notification has confirmed yet: either the
 * notification will still arrive, or the subscription is incomplete. Pure. */
#ifndef LINKWATCH_DAEMON_UNCONFIRMED_H
#define LINKWATCH_DAEMON_UNCONFIRMED_H

#include <stddef.h>
#include <stdint.h>

/* More links than this at a time prove nothing more. */
#define UNCONFIRMED_MAX 16

struct unconfirmed {
    size_t count;
    struct {
        int ifindex;
        int64_t until; /* a notification that arrives after this is too late */
    } links[UNCONFIRMED_MAX];
};

/* Adds a link, unless it has been added already. */
void unconfirmed_add(struct unconfirmed *unconfirmed, int ifindex, int64_t until);

/* A notification about the link arrived. */
void unconfirmed_confirm(struct unconfirmed *unconfirmed, int ifindex);

/* The number of links that were not confirmed in time; *ret_ifindex is one of them. */
size_t unconfirmed_overdue(const struct unconfirmed *unconfirmed, int64_t now, int *ret_ifindex);

/* When the first of them will be overdue; INT64_MAX if there are none. */
int64_t unconfirmed_next(const struct unconfirmed *unconfirmed);

#endif
