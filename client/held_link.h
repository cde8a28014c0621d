/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One link whose events are reported later, or not at all: see hold.h. Pure: the clock is the
 * caller's, in microseconds. */
#ifndef LINKWATCH_CLIENT_HELD_LINK_H
#define LINKWATCH_CLIENT_HELD_LINK_H

#include "client/link_state.h"
#include "client/linkwatch.h"
#include "client/steps.h"

struct hold_times {
    uint64_t up;
    uint64_t down;
};

/* The last time that the link came to the other side of a boundary between two ranks. */
struct crossing {
    uint64_t since;
    struct linkwatch_link *before; /* how it was; NULL for absent */
    struct linkwatch_event event;
    int64_t count; /* of crossings of this boundary that were not reported */
};

struct held_link {
    int ifindex;
    struct linkwatch_link *now;             /* how it is; NULL for absent */
    struct crossing crossings[RANK_USABLE]; /* of the boundary above each rank */
    struct steps addresses;                 /* that it has, while it wasn't reported itself */
    bool visited;                           /* by a search that is under way */
};

/* References of its own, of now too. */
void held_link_init(struct held_link *held, int ifindex, struct linkwatch_link *now);
void held_link_clear(struct held_link *held);

/* The link is like that now, which the event showed. */
void held_link_take(struct held_link *held, struct linkwatch_link *now,
                    const struct linkwatch_event *event, uint64_t time);

/* The rank that the consumer is to know at that time if it knows another one now; and when the
 * first such rank is due, UINT64_MAX if none is. */
enum link_rank held_link_due(const struct held_link *held, enum link_rank known,
                             const struct hold_times *times, uint64_t time);
uint64_t held_link_deadline(const struct held_link *held, enum link_rank known,
                            const struct hold_times *times);

/* On the way from the rank that is known to that one: how the link was when it had that rank, if it
 * has another now; and the event that brought it there. */
struct linkwatch_link *held_link_at(const struct held_link *held, enum link_rank known,
                                    enum link_rank rank);
const struct linkwatch_event *held_link_event(const struct held_link *held, enum link_rank known,
                                              enum link_rank rank);

/* How often it went to and fro, as long as the consumer knows that rank. */
int64_t held_link_flaps(const struct held_link *held, enum link_rank known);

/* The consumer knows that rank now, and of all flaps. */
void held_link_reported(struct held_link *held, enum link_rank known);

/* Whether the consumer who knows that rank knows all; of a link that is gone nothing is left to
 * know. */
bool held_link_is_known(const struct held_link *held, enum link_rank known);

#endif
