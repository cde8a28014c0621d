/* Whom to believe and when to look: the standing of the subscription, and the
 * cadence of dumps. A pure state machine: it is told what happened and when, and
 * says what to do next. Times are microseconds of one monotonic clock. */
#ifndef LINKWATCH_DAEMON_WATCH_H
#define LINKWATCH_DAEMON_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "Never": no moment is later. */
#define WATCH_NEVER INT64_MAX

enum watch_standing {
    WATCH_DENIED,
    WATCH_UNPROVEN,
    WATCH_TRUSTED,
    WATCH_INCOMPLETE,
    WATCH_STANDING_COUNT
};

enum watch_cadence {
    WATCH_POLLING, /* dumps are what tells of changes */
    WATCH_PROVING, /* dumps grow rarer while they agree with the subscription */
    WATCH_AUDIT,   /* the subscription tells; dumps check it */
    WATCH_RETRY,   /* the kernel can't be looked at; trying again */
    WATCH_IDLE,    /* nobody listens: polling, as rarely as allowed */
    WATCH_CADENCE_COUNT
};

/* What a user may choose with --source. */
enum watch_mode {
    WATCH_AUTO,
    WATCH_SUBSCRIBE, /* never polls on suspicion: the subscription is believed */
    WATCH_POLL,      /* never joins */
    WATCH_MODE_COUNT
};
