/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links of which a dump told a change that no notification had told yet: either it is on
 * its way, or the subscription is incomplete. Pure. */
#ifndef LINKWATCH_DAEMON_SUSPECTS_H
#define LINKWATCH_DAEMON_SUSPECTS_H

#include <stddef.h>
#include <stdint.h>

/* More links than these at one time tell nothing new. */
#define SUSPECTS_MAX 16

struct suspects {
    size_t count;
    struct {
        int ifindex;
        int64_t until; /* a notification that comes later than this comes too late */
    } links[SUSPECTS_MAX];
};

/* Suspects a link, unless it is a suspect already. */
void suspects_add(struct suspects *suspects, int ifindex, int64_t until);

/* The link was told of. */
void suspects_clear(struct suspects *suspects, int ifindex);

/* How many were not told of up to that moment; then *ret_ifindex is one of them. */
size_t suspects_overdue(const struct suspects *suspects, int64_t now, int *ret_ifindex);

/* When the first of them will be overdue, INT64_MAX if there are none. */
int64_t suspects_next(const struct suspects *suspects);

#endif
