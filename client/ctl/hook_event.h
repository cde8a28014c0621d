/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What linkwatchctl run runs commands for: an event of a link, or of what is not known. It may
 * stand for several that came while the command for an earlier one was running. Pure. */
#ifndef LINKWATCH_CLIENT_CTL_HOOK_EVENT_H
#define LINKWATCH_CLIENT_CTL_HOOK_EVENT_H

#include <stdint.h>

#include "client/ctl/event_type.h"
#include "client/linkwatch.h"

struct hook_event {
    enum event_type type;
    struct linkwatch_link *before; /* a reference each; NULL for add and lost */
    struct linkwatch_link *now;    /* NULL for remove and lost */
    enum linkwatch_learned learned;
    int64_t flaps;   /* carrier changes beyond what the two states show */
    int64_t skipped; /* events that this one stands for, too */
    int64_t lost;    /* of lost: how many; -1 for unknown */
};

/* Drops the references. */
void hook_event_clear(struct hook_event *event);

/* The link's index; 0 for lost. */
int hook_event_ifindex(const struct hook_event *event);

/* Makes of two events of a link, one right after the other, the one that stands for both, which is
 * then the first; the later one is cleared. False, and nothing was done, after a removal: what
 * follows is about another link. */
bool hook_event_merge(struct hook_event *event, struct hook_event *later);

/* The environment of a command, "NAME=VALUE": that of this process, without what it has of those
 * names, and the event's. One allocation for each and one for the list, which NULL ends; NULL
 * without memory. */
char **hook_event_environment(const struct hook_event *event, char *const *environment);
void hook_environment_free(char **environment);

/* The event as JSON, to be freed; NULL without memory. */
char *hook_event_json(const struct hook_event *event);

#endif
