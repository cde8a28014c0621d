/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The changes of a namespace's tables on their way to its history. Puts addresses after the
 * addition of their link and before its removal, and informs the standing of changes that a
 * subscription should have reported and did not. Pure. */
#ifndef LINKWATCH_DAEMON_CHANGES_H
#define LINKWATCH_DAEMON_CHANGES_H

#include "daemon/address_table.h"
#include "daemon/follower.h"
#include "daemon/table.h"
#include "daemon/unconfirmed.h"

/* The first members are set when it is made, and all else is zero then. */
struct changes {
    struct follower *followers; /* by subject */
    int64_t (*clock)(void);     /* CLOCK_MONOTONIC in microseconds */
    /* Where they go. */
    table_handler changed;
    void *user;
    struct address_table *addresses; /* NULL while none are followed */
    bool in_group;                   /* of changes of links that belong together */
    /* Links of which a group of changes that is not over shows something unexpected. */
    int unconfirmed[UNCONFIRMED_MAX];
    size_t unconfirmed_count;
};

/* Handlers of the tables; changes: a struct changes. */
void changes_of_link(void *changes, const struct change *change);
void changes_of_address(void *changes, const struct change *change);

#endif
