/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/changes.h"

#include "daemon/notified.h"

static struct standing *standing_of(const struct changes *changes, enum subject_number subject)
{
    return changes->followers[subject].standing;
}

static void count(struct changes *changes, enum subject_number subject)
{
    standing_activate(standing_of(changes, subject), changes->clock());
    changes->followers[subject].counters.events++;
}

/* Nothing comes between changes that belong together, no change of the standing either. */
static void report_unconfirmed(struct changes *changes)
{
    for (size_t i = 0; i < changes->unconfirmed_count; i++)
        standing_unconfirmed(standing_of(changes, SUBJECT_LINKS), changes->clock(),
                             changes->unconfirmed[i]);
    changes->unconfirmed_count = 0;
}

/* A dump of the links shows that one is gone: the addresses of the one that may be there instead
 * are to be seen. */
static void pass_on(struct changes *changes, const struct change *change)
{
    struct address_table *addresses = changes->addresses;
    bool more_follows = changes->in_group;

    changes->in_group = change->more_follows;
    if (addresses && address_table_before_link(addresses, change, more_follows) &&
        change->source == CHANGE_BY_DUMP)
        standing_dump_soon(standing_of(changes, SUBJECT_ADDRESSES));
    changes->changed(changes->user, change);
    if (addresses)
        address_table_after_link(addresses, change);
}

void changes_of_link(void *user, const struct change *change)
{
    struct changes *changes = user;

    if (change->source == CHANGE_BY_DUMP && change_is_notified(change) &&
        changes->unconfirmed_count < UNCONFIRMED_MAX)
        changes->unconfirmed[changes->unconfirmed_count++] = change_link(change)->ifindex;
    if (change->source == CHANGE_BY_NOTIFICATION && change->entails_more)
        standing_dump_soon(standing_of(changes, SUBJECT_LINKS));
    count(changes, SUBJECT_LINKS);
    pass_on(changes, change);
    if (!change->more_follows)
        report_unconfirmed(changes);
}

void changes_of_address(void *user, const struct change *change)
{
    struct changes *changes = user;
    const struct address *address = as_address(change_object(change));

    if (change->source == CHANGE_BY_DUMP && change->type != CHANGE_CHANGE && !change->derived)
        standing_unconfirmed(standing_of(changes, SUBJECT_ADDRESSES), changes->clock(),
                             address->key.ifindex);
    count(changes, SUBJECT_ADDRESSES);
    changes->changed(changes->user, change);
}
