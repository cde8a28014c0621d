/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a link is from carrying traffic, and the fields that show it. Pure. */
#ifndef LINKWATCH_CLIENT_LINK_STATE_H
#define LINKWATCH_CLIENT_LINK_STATE_H

#include "client/linkwatch.h"

/* Each includes those before it. */
enum link_rank {
    RANK_ABSENT,    /* there is no such link */
    RANK_PRESENT,   /* it is down, or has no carrier */
    RANK_CONNECTED, /* it is up, and its carrier is not known to be missing */
    RANK_USABLE,    /* linkwatch_link_usable(), and its lower link is not down (M-DOWN) */
};

/* NULL is absent. */
enum link_rank link_rank(const struct linkwatch_link *link);

/* The link as it would be if its carrier and operational state, the flags that go with them, the
 * counters of carrier changes and the times of the last ones were those of the other: *ret is a
 * reference, to the other if nothing else differs. -ENOMEM. */
int link_with_state(struct linkwatch_link *link, struct linkwatch_link *state,
                    struct linkwatch_link **ret);

/* Whether two states of a link differ in more than those counters. */
bool link_differs(const struct linkwatch_link *a, const struct linkwatch_link *b);

#endif
