/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows one subject of a namespace: its standing, the dump in progress and its cost, and the
 * requests for dumps. The owner of the socket performs the actions that standing_next() returns,
 * and reports the results here. */
#ifndef LINKWATCH_DAEMON_FOLLOWER_H
#define LINKWATCH_DAEMON_FOLLOWER_H

#include "daemon/dump_requests.h"
#include "daemon/event.h"
#include "daemon/intake.h"

/* What was received and done since the start, as the wire's Counters say. */
struct follower_counters {
    struct intake_counters received;
    uint64_t dumps;
    uint64_t dumps_failed;
    uint64_t joins;
    uint64_t contradictions;
    uint64_t events; /* changes that were reported */
};

/* How long a subject without consumers is followed, in microseconds: who comes back in this time
 * can go on from where he was. */
#define FOLLOWER_LINGER_USEC INT64_C(30000000)

struct follower {
    struct standing *standing;
    struct intake intake;
    struct follower_counters counters;
    struct dump_requests requests;
    struct price_measure cost; /* of the last dump and its queries */
    size_t consumers;
    int64_t
        until; /* when nobody has wanted it for long enough, STANDING_NEVER while somebody does */
    bool joined;
    bool has_dumped; /* the first dump is complete, or has failed */
    bool fresh;      /* dumped since the socket was opened */
};

/* What is followed, and what it needs; all of it outlives the follower. */
struct follower_config {
    const struct subject *subject;
    void *objects;
    const struct standing_config *standing;
    struct budget_part *budget; /* what polling is paid from */
    struct quota *quota;        /* of the objects' memory; NULL for none */
};

/* The handler is called with user. False without memory. Not to be moved. All zero before, or
 * cleared: then its counters go on. */
bool follower_init(struct follower *follower, const struct follower_config *config,
                   standing_handler handler, void *user);
void follower_clear(struct follower *follower);

/* The socket was opened, or could not be: 0 or -errno; it was closed, and requests for a dump fail
 * at once. */
void follower_opened(struct follower *follower, int64_t now, int error);
void follower_closed(struct follower *follower, int error);

/* Outcomes of joining, and of requesting a dump. */
void follower_joined(struct follower *follower, int64_t now, int error);
void follower_dump_begun(struct follower *follower, int64_t now, int error);

/* What was done for its dump took so long. */
void follower_charge(struct follower *follower, const struct price_measure *took);

/* Whether a dump is under way, or what it left open is. */
bool follower_is_dumping(const struct follower *follower);

/* Ends a dump that is over, if what it left open is settled, too. */
void follower_settle(struct follower *follower, int64_t now);

/* The dump is over, nothing else came, and nothing can. */
bool follower_has_all(const struct follower *follower);

/* So many consumers more want it. */
void follower_want(struct follower *follower, int64_t now, int change);

/* Requests a dump that begins after this call, and returns the number of the request. */
uint64_t follower_request_dump(struct follower *follower, int64_t now);

/* Those up to now. */
struct follower_counters follower_counters(const struct follower *follower);

#endif
