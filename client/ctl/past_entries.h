/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a daemon wrote into the system's journal about links, before what it still knows itself. */
#ifndef LINKWATCH_CLIENT_CTL_PAST_ENTRIES_H
#define LINKWATCH_CLIENT_CTL_PAST_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "client/ctl/event_type.h"

/* All texts are as the daemon wrote them: what could mislead a reader is an escape. NULL for what
 * an entry does not have. */
struct past_entry {
    enum event_type type;
    int64_t realtime;       /* microseconds since 1970 */
    const char *text;       /* what happened, in words */
    const char *ifname;     /* the link's name after it */
    const char *old_ifname; /* and before it, if that was another one */
    const char *ifindex;
    const char *instance; /* the position in the history of that daemon */
    const char *sequence;
    uint64_t downs; /* how often the link went down */
};

/* Which ones: those of the same unit as the daemon of that instance, but for events that it still
 * has: from that number on. */
struct past_query {
    const char *instance;
    int64_t first;
    int64_t from; /* realtime, in microseconds */
};

/* Calls back for each, the oldest first; callback returns whether to go on. -ENODATA: the daemon
 * writes nothing into the journal; errors of journal_access() and journal_read(). */
int past_entries_read(const struct past_query *query,
                      bool (*callback)(void *user, const struct past_entry *entry), void *user);

#endif
