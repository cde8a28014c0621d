/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A claim is a state of a link, from a notification or a dump, that cannot be put into the table
 * yet: another link has the name, the master is not known, or a removed link still has ports.
 * Claims wait until they fit, and determine the links that must be queried. Claims that fit only
 * together (names that were swapped) are applied one after the other. Pure. */
#ifndef LINKWATCH_DAEMON_CLAIMS_H
#define LINKWATCH_DAEMON_CLAIMS_H

#include "daemon/claim.h"

/* quota: of their memory, NULL for none. */
void claims_init(struct claims *claims, struct table *table, struct quota *quota);

/* Forgets all of them. */
void claims_clear(struct claims *claims);

/* What the members ifindex, link, source, weighed, moved_to and digest say is put into the
 * table if it fits, else it becomes a claim, which takes its own reference to the link. 0, or
 * -ENOMEM. */
int claims_take(struct claims *claims, const struct claim *given);

/* Remembers that a notification about that link came under that dump. */
int claims_remember(struct claims *claims, int ifindex, uint64_t dump);

/* That link is to be queried. 0, or -ENOMEM. */
int claims_ask(struct claims *claims, int ifindex);

/* No answer will come to that query. */
void claims_drop(struct claims *claims, int ifindex);

/* Applies what fits, and finds out which links must be queried. Not while a dump is under way,
 * which may show it anyway. -ENOMEM if something was lost since the last time. */
int claims_settle(struct claims *claims);

/* The next link to query, 0 for none. */
int claims_query(const struct claims *claims);

#endif
