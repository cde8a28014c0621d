/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links and their addresses at one moment, and the events that change them. Pure. */
#ifndef LINKWATCH_CLIENT_LINK_SNAPSHOT_H
#define LINKWATCH_CLIENT_LINK_SNAPSHOT_H

#include "client/linkwatch.h"
#include "client/object_set.h"
#include "client/steps.h"

struct snapshot {
    struct object_set links;
    struct object_set addresses; /* of these links alone */
};

void snapshot_clear(struct snapshot *snapshot);

/* -ENOMEM. */
int snapshot_copy(const struct snapshot *snapshot, struct snapshot *ret);

/* Puts in what *from has, which is empty then, for what was there. */
void snapshot_replace(struct snapshot *snapshot, struct snapshot *from);

/* How many bytes more its links, or its addresses, may have. */
size_t snapshot_room(size_t limit, const struct object_set *other);

struct apply_options {
    const struct linkwatch_filter *filter;
    bool filtered;   /* some links don't match it */
    bool incomplete; /* parts of the snapshot are still to come, in between events */
    size_t limit;    /* bytes of the snapshot */
};

/* Applies the events, which are steps of messages, in their order, and adds the steps that are to
 * be reported: with a filter, links that only changed may be added or removed. A link that the
 * daemon sends though it does not match our filter is kept: the daemon knows better. -EBADMSG if an
 * event doesn't fit the snapshot, -E2BIG beyond the limit, -ENOMEM: then those before it are
 * applied. */
int snapshot_apply(struct snapshot *snapshot, const struct apply_options *options,
                   const struct steps *events, struct steps *ret_steps);

#endif
