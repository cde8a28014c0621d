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

/* Of what was received since the start, as the wire's Counters say. */
struct intake_counters {
    uint64_t notifications;
    uint64_t overruns;
    uint64_t malformed;
};

/* The pointers are set when it is made, and outlive it; all else is zero then. */
struct intake {
    const struct subject *subject;
    void *objects;
    struct standing *standing;
    struct quota *quota; /* of the objects' memory; NULL for none */
    struct intake_counters *counters;
    bool dumping;              /* a dump was requested and has not ended */
    bool settling;             /* it has ended, and left queries */
    bool alone;                /* nothing else came since it was requested */
    int dump_error;            /* why it is not complete, though it may end well */
    struct standing_dump dump; /* how it ended */
    int asked;                 /* index of the link that was queried last */
    bool was_answered;         /* on this socket, some query */
};

/* The socket was closed: nothing that was requested will come. */
void intake_reset(struct intake *intake);

/* A dump is about to be requested; drained: on a socket with nothing left to receive. Where that
 * works, dumping is to be set. */
void intake_dump_begin(struct intake *intake, bool drained);

/* Something was received, for this subject or for another one. */
void intake_beside(struct intake *intake, enum rtnl_event event);

/* What was received, if it is for this subject. */
void intake_receive(struct intake *intake, enum rtnl_event event, const struct nlmsghdr *message,
                    int error);

/* The next link to be queried, by its index; 0 for none. */
int intake_query(const struct intake *intake);

/* The query for the link that was asked for has no answer, and is given up. */
void intake_unanswered(struct intake *intake);

#endif
