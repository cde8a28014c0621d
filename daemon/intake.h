/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handles the messages that a socket receives about one subject: passes them to the table of its
 * objects, and reports them to the standing. Tracks the progress of a dump. Pure. */
#ifndef LINKWATCH_DAEMON_INTAKE_H
#define LINKWATCH_DAEMON_INTAKE_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/quota.h"
#include "daemon/rtnl.h"
#include "daemon/standing.h"
#include "daemon/subject.h"

/* Counters of received messages since the start, as in the type Counters of the protocol. */
struct intake_counters {
    uint64_t notifications;
    uint64_t overruns;
    uint64_t malformed;
};

/* The owner sets the pointers, which must outlive it, and initializes the rest with zeros. */
struct intake {
    const struct subject *subject;
    void *objects;
    struct standing *standing;
    struct quota *quota; /* for the memory of the objects; NULL for none */
    struct intake_counters *counters;
    bool dumping;              /* a dump was requested and has not ended */
    bool settling;             /* it has ended, but queries remain */
    bool alone;                /* nothing else was received since it was requested */
    int dump_error;            /* why it is incomplete, although it may end without an error */
    struct standing_dump dump; /* its result */
    int asked;                 /* index of the link that was last queried */
    bool was_answered;         /* a query on this socket got a reply */
};

/* The socket was closed: no replies to earlier requests will arrive. */
void intake_reset(struct intake *intake);

/* A dump is about to be requested; drained: nothing is left to receive on the socket. The caller
 * must set dumping if the request succeeds. */
void intake_dump_begin(struct intake *intake, bool drained);

/* Something was received, for this subject or another one. */
void intake_beside(struct intake *intake, enum rtnl_event event);

/* Handles what was received for this subject. */
void intake_receive(struct intake *intake, enum rtnl_event event, const struct nlmsghdr *message,
                    int error);

/* The index of the next link to query; 0 for none. */
int intake_query(const struct intake *intake);

/* The query for the last link got no reply, and is given up. */
void intake_unanswered(struct intake *intake);

#endif
