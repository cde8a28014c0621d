/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* standing with a virtual clock, and what stands in for the socket and the kernel. */
#ifndef LINKWATCH_TESTS_UNIT_VIRTUAL_H
#define LINKWATCH_TESTS_UNIT_VIRTUAL_H

#include "tests/unit/support.h"

#include "daemon/standing.h"

#define MSEC INT64_C(1000)
#define SEC  (1000 * MSEC)

/* What the tests configure, unless they say otherwise. */
#define BUDGET_PPM   5000
#define INTERVAL_MIN (50 * MSEC)
#define INTERVAL_MAX (5 * SEC)
#define AUDIT        (60 * SEC)

struct virtual
{
    struct standing *standing;
    struct budget budget;
    struct budget_part part;
    int64_t now;

    /* How the kernel answers; errors as -errno. */
    int open_error;
    int join_error;
    int ask_error;
    struct standing_dump dump;
    int64_t dump_takes;
    bool never_drained; /* the queue is never seen empty */

    /* What happened. */
    unsigned opens, closes, joins, dumps, asks, leaves, reports;
    int64_t last_dump_began;
    int settled;                /* what the last standing_dump_ended() gave */
    enum standing_value before; /* of the last report */
    bool dumping;
    int64_t deadline; /* when standing wants to be asked again */
};

/* A standing of that mode with one consumer, and a kernel that does everything. */
void virtual_start(struct virtual *virtual, enum standing_mode mode);
void virtual_start_with_hint(struct virtual *virtual, const char *hint);
void virtual_stop(struct virtual *virtual);
/* The same, up to where the subscription is denied, or believed. */
void virtual_start_denied(struct virtual *virtual);
void virtual_start_trusted(struct virtual *virtual);

/* Does what standing wants, as the daemon would, until it wants to wait. */
void virtual_act(struct virtual *virtual);

/* Lets the dump under way end now as virtual->dump says. */
void virtual_end_dump(struct virtual *virtual);

/* Lets time pass up to that moment, doing what is due; dumps take dump_takes. */
void virtual_run_until(struct virtual *virtual, int64_t until);
void virtual_run(struct virtual *virtual, int64_t duration);

/* Runs until the next dump has begun, and leaves it under way. */
void virtual_run_to_dump(struct virtual *virtual);

/* Runs until the standing is that one; fails if that takes longer than limit. */
void virtual_run_to(struct virtual *virtual, enum standing_value standing, int64_t limit);

/* How many dumps begin in a minute, which passes. */
unsigned virtual_dumps_a_minute(struct virtual *virtual);

enum standing_value virtual_standing(struct virtual *virtual);

#endif
