/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows one subject of a namespace: its standing, the dump in progress and its cost, and the
 * requests for dumps. The owner of the socket performs the actions that standing_next() returns,
 * and reports the results here. */
#ifndef LINKWATCH_DAEMON_FOLLOWER_H
#define LINKWATCH_DAEMON_FOLLOWER_H

#include "daemon/dump_requests.h"
#include "daemon/event.h"
#include "daemon/intake.h"

/* Counters since the start, as in the type Counters of the protocol. */
struct follower_counters {
    struct intake_counters received;
    uint64_t dumps;
    uint64_t dumps_failed;
    uint64_t joins;
    uint64_t contradictions;
    uint64_t events; /* reported changes */
};

/* The time for which a subject without consumers is followed, in microseconds: a consumer that
 * returns within it can resume. */
#define FOLLOWER_LINGER_USEC INT64_C(30000000)

struct follower {
    struct standing *standing;
    struct intake intake;
    struct follower_counters counters;
    struct dump_requests requests;
    struct price_measure cost; /* of the last dump and its queries */
    size_t consumers;
    /* When the last consumer has been gone for long enough; STANDING_NEVER while there is one. */
    int64_t until;
    bool joined;
    bool has_dumped; /* the first dump has completed or failed */
    bool fresh;      /* a dump has completed since the socket was opened */
};

/* The subject to follow, and what it requires; all of it must outlive the follower. */
struct follower_config {
    const struct subject *subject;
    void *objects;
    const struct standing_config *standing;
    struct budget_part *budget; /* the budget for polling */
    struct quota *quota;        /* for the memory of the objects; NULL for none */
};

/* The handler is called with user. The follower must be initialized with zeros or have been
 * cleared, in which case its counters continue; it must not be moved. False if out of memory. */
bool follower_init(struct follower *follower, const struct follower_config *config,
                   standing_handler handler, void *user);
void follower_clear(struct follower *follower);

/* The socket was opened, or could not be opened (0 or -errno). It was closed: requests for a dump
 * fail immediately. */
void follower_opened(struct follower *follower, int64_t now, int error);
void follower_closed(struct follower *follower, int error);

/* The results of joining, and of requesting a dump. */
void follower_joined(struct follower *follower, int64_t now, int error);
void follower_dump_begun(struct follower *follower, int64_t now, int error);

/* Adds to the cost of its dump. */
void follower_charge(struct follower *follower, const struct price_measure *took);

/* Whether a dump is in progress, or what it left open. */
bool follower_is_dumping(const struct follower *follower);

/* Ends a dump that is complete, if everything that it left open is settled. */
void follower_settle(struct follower *follower, int64_t now);

/* Whether the dump has ended, and nothing else was or can be received. */
bool follower_has_all(const struct follower *follower);

/* Changes the number of consumers. */
void follower_want(struct follower *follower, int64_t now, int change);

/* Requests a dump that begins after this call, and returns the number of the request. */
uint64_t follower_request_dump(struct follower *follower, int64_t now);

/* The counters up to now. */
struct follower_counters follower_counters(const struct follower *follower);

#endif
