/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/held_link.h"

void held_link_init(struct held_link *held, int ifindex, struct linkwatch_link *now)
{
    *held = (struct held_link){.ifindex = ifindex, .now = now ? linkwatch_link_ref(now) : NULL};
}

void held_link_clear(struct held_link *held)
{
    linkwatch_link_unref(held->now);
    for (int i = 0; i < RANK_USABLE; i++)
        linkwatch_link_unref(held->crossings[i].before);
    steps_clear(&held->addresses);
    *held = (struct held_link){0};
}

static void cross(struct crossing *crossing, struct linkwatch_link *before,
                  const struct linkwatch_event *event, uint64_t time)
{
    if (before)
        linkwatch_link_ref(before);
    linkwatch_link_unref(crossing->before);
    crossing->since = time;
    crossing->before = before;
    crossing->event = *event;
    crossing->count++;
}

/* A carrier that changed unseen interrupts what was held. */
static void flap(struct held_link *held, int64_t flaps, uint64_t time)
{
    for (int boundary = RANK_PRESENT; boundary < RANK_USABLE; boundary++) {
        held->crossings[boundary].since = time;
        held->crossings[boundary].count += flaps;
    }
}

void held_link_take(struct held_link *held, struct linkwatch_link *now,
                    const struct linkwatch_event *event, uint64_t time)
{
    enum link_rank before = link_rank(held->now);
    enum link_rank rank = link_rank(now);

    for (enum link_rank boundary = before; boundary < rank; boundary++)
        cross(&held->crossings[boundary], held->now, event, time);
    for (enum link_rank boundary = rank; boundary < before; boundary++)
        cross(&held->crossings[boundary], held->now, event, time);
    if (event->flaps > 0)
        flap(held, event->flaps, time);
    if (now)
        linkwatch_link_ref(now);
    linkwatch_link_unref(held->now);
    held->now = now;
}

/* Of the boundary that is crossed last on the way from the rank that is known to that one, and of
 * the one behind it. */
static const struct crossing *last_crossing(const struct held_link *held, enum link_rank known,
                                            enum link_rank rank)
{
    return &held->crossings[rank > known ? rank - 1 : rank];
}

static const struct crossing *next_crossing(const struct held_link *held, enum link_rank known,
                                            enum link_rank rank)
{
    return &held->crossings[rank > known ? rank : rank - 1];
}

struct linkwatch_link *held_link_at(const struct held_link *held, enum link_rank known,
                                    enum link_rank rank)
{
    return next_crossing(held, known, rank)->before;
}

const struct linkwatch_event *held_link_event(const struct held_link *held, enum link_rank known,
                                              enum link_rank rank)
{
    return &last_crossing(held, known, rank)->event;
}

/* Whether it is known how the link was at that rank, on the way to the rank that it has. After a
 * flap nobody saw, it may not be. */
static bool is_seen(const struct held_link *held, enum link_rank known, enum link_rank rank)
{
    return rank == link_rank(held->now) || link_rank(held_link_at(held, known, rank)) == rank;
}

static uint64_t due(const struct held_link *held, enum link_rank known, enum link_rank rank,
                    const struct hold_times *times)
{
    return last_crossing(held, known, rank)->since + (rank > known ? times->up : times->down);
}

/* The rank after that one on the way to the last. */
static enum link_rank towards(enum link_rank rank, enum link_rank last)
{
    return last > rank ? rank + 1 : rank - 1;
}

enum link_rank held_link_due(const struct held_link *held, enum link_rank known,
                             const struct hold_times *times, uint64_t time)
{
    enum link_rank last = link_rank(held->now);
    enum link_rank found = known;

    for (enum link_rank rank = known; rank != last;) {
        rank = towards(rank, last);
        if (is_seen(held, known, rank) && due(held, known, rank, times) <= time)
            found = rank;
    }
    return found;
}

uint64_t held_link_deadline(const struct held_link *held, enum link_rank known,
                            const struct hold_times *times)
{
    enum link_rank last = link_rank(held->now);

    for (enum link_rank rank = known; rank != last;) {
        rank = towards(rank, last);
        if (is_seen(held, known, rank))
            return due(held, known, rank, times);
    }
    return UINT64_MAX;
}

/* Whether the link is on the other side of the boundary than the consumer knows. */
static bool is_open(const struct held_link *held, enum link_rank known, enum link_rank boundary)
{
    return (link_rank(held->now) > boundary) != (known > boundary);
}

int64_t held_link_flaps(const struct held_link *held, enum link_rank known)
{
    int64_t most = 0;

    for (enum link_rank boundary = RANK_ABSENT; boundary < RANK_USABLE; boundary++) {
        int64_t count = held->crossings[boundary].count - is_open(held, known, boundary);

        if (count > most)
            most = count;
    }
    return most;
}

void held_link_reported(struct held_link *held, enum link_rank known)
{
    for (enum link_rank boundary = RANK_ABSENT; boundary < RANK_USABLE; boundary++)
        held->crossings[boundary].count = is_open(held, known, boundary);
}

bool held_link_is_known(const struct held_link *held, enum link_rank known)
{
    return link_rank(held->now) == known &&
           (known == RANK_ABSENT || held_link_flaps(held, known) == 0);
}
