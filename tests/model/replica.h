/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A replica of the links, and of the addresses where they are wanted, made of the replies of
 * Monitor, each of which is checked against all that came before. */
#ifndef LINKWATCH_TESTS_MODEL_REPLICA_H
#define LINKWATCH_TESTS_MODEL_REPLICA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether a link is one of those that the consumer asked for. */
typedef bool (*replica_filter)(const json_t *link);

struct replica {
    replica_filter passes; /* NULL: it wants all */
    json_t *links;         /* of links, by index */
    json_t *fresh;         /* the same while a snapshot comes, else NULL */
    bool wants_addresses;
    json_t *addresses; /* by index and address */
    json_t *fresh_addresses;
    bool ready;
    bool more_follows; /* the last message did not stand alone */
    bool begins;       /* no message came on this connection yet */
    bool resumes;
    char instance[33]; /* "" before the first message */
    uint64_t sequence;
    uint64_t may_skip; /* numbers of events that are not for it: see may_skip() */
    uint64_t lost;
    unsigned messages;
};

void replica_init(struct replica *replica, replica_filter passes, bool wants_addresses);
void replica_clear(struct replica *replica);

/* A connection begins: with a snapshot, or where the consumer stands. */
void replica_connects(struct replica *replica, bool resumes);

/* Applies one reply of Monitor. Fails as CHECK() does if it can't be true. */
void replica_take(struct replica *replica, const char *message, size_t length);

/* The link of that index, NULL for none. */
const json_t *replica_link(const struct replica *replica, int ifindex);

/* What it has of that address, NULL for nothing. */
const json_t *replica_address(const struct replica *replica, const json_t *address);

#endif
