/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports to a consumer from whom something is held, with those that must come with them: see
 * hold.h. What the consumer knows changes with the steps, or not at all where there is no memory.
 * Pure. */
#ifndef LINKWATCH_CLIENT_HOLD_REPORT_H
#define LINKWATCH_CLIENT_HOLD_REPORT_H

#include "client/held_links.h"
#include "client/link_snapshot.h"

struct hold {
    struct hold_times times; /* both 0: nothing is held, and the rest isn't used */
    size_t limit;            /* bytes that the consumer's links and addresses may take */
    bool begun;
    struct snapshot known; /* what the consumer knows */
    struct held_links held;
    struct instance *instances; /* that events are of */
};

/* The link as the consumer knows it; NULL if it doesn't. */
struct linkwatch_link *hold_known(const struct hold *hold, int ifindex);

/* Whether the consumer knows a link that is gone. */
bool hold_is_gone(const struct hold *hold, const struct held_link *held);

/* Forgets a link of which the consumer knows all. */
void hold_drop_if_known(struct hold *hold, int ifindex);

/* Reports a held link at that rank, if it is another one than the consumer knows; or by the event,
 * which may be NULL, if something else differs or the event is to be seen anyway. */
int hold_report(struct hold *hold, int ifindex, enum link_rank rank,
                const struct linkwatch_event *event, bool shows, struct steps *steps);

/* Reports the removal of a link that is gone. */
int hold_report_gone(struct hold *hold, int ifindex, struct steps *steps);

/* Reports such removals as long as the consumer knows more than the limit allows. */
int hold_keep_limit(struct hold *hold, struct steps *steps);

/* Reports the removal of those that are gone and have a name that the link has now. */
int hold_release_names(struct hold *hold, const struct linkwatch_link *link, struct steps *steps);

/* Reports an address of a link that the consumer knows, if it is new: it is there, or removed. */
int hold_report_address(struct hold *hold, struct linkwatch_address *address, bool removed,
                        const struct linkwatch_event *event, struct steps *steps);

#endif
