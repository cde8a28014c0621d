/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The standing and the state of the dumps as reported to consumers, and whether they changed since
 * the last report. Pure. */
#ifndef LINKWATCH_DAEMON_REPORT_H
#define LINKWATCH_DAEMON_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* Never: later than any other time. */
#define STANDING_NEVER INT64_MAX

enum standing_value {
    STANDING_DENIED,
    STANDING_UNPROVEN,
    STANDING_TRUSTED,
    STANDING_INCOMPLETE,
    STANDING_COUNT
};

enum standing_cadence {
    STANDING_POLLING, /* changes are learned from dumps */
    STANDING_PROVING, /* dumps become rarer while they agree with the subscription */
    STANDING_AUDIT,   /* changes are learned from notifications; dumps check them */
    STANDING_RETRY,   /* dumps fail, and are retried */
    STANDING_IDLE,    /* no consumer is connected: polling at the maximum interval */
    STANDING_CADENCE_COUNT
};

/* The state that is shown to users and consumers. */
struct standing_report {
    enum standing_value standing;
    enum standing_cadence cadence;
    const char *reason; /* for the standing, in words; lives as long as the standing */
    int error;          /* the errno that caused it, positive, or 0 */
    bool stale;
    /* The reason why it is stale, in words, and its errno, positive; "" and 0 if it is not. */
    const char *dump_reason;
    int dump_error;
    int64_t last_dump_usec; /* when the last complete dump ended, since 1970; -1 for none */
    int64_t interval_usec;
    int64_t dump_cost_usec; /* of the last few; -1 before the first */
    uint64_t contradictions;
};

/* The standing, its reason, or staleness changed. While the links are stale (as they are at the
 * start) a change of the standing alone is not reported: of retries, one that fails in another
 * way is, and the one that works, together with the standing reached by then. */
typedef void (*standing_handler)(void *user, const struct standing_report *before,
                                 const struct standing_report *after);

struct report {
    struct standing_report now;
    char reason[160];
    char dump_reason[240];
    /* As last reported. */
    struct standing_report reported;
    char reported_reason[160];
    char reported_dump_reason[240];
    standing_handler handler;
    void *user;
};

/* Initializes the report, with no links known. The handler can be NULL. */
void report_init(struct report *report, standing_handler handler, void *user);

/* Calls the handler if the report differs from the one that was last reported. */
void report_publish(struct report *report);

/* error is -errno or 0. Publishes it, unless the links are stale. */
void report_standing(struct report *report, enum standing_value value, int error,
                     const char *reason, ...) __attribute__((format(printf, 4, 5)));

/* The links are stale or fresh; the caller must publish this. hint: text to append, or NULL. */
void report_stale(struct report *report, int error, const char *reason, const char *hint);
void report_fresh(struct report *report);

/* The reason that consumers receive: why dumps fail, otherwise the reason for the standing.
 * *ret_error is the errno that caused it. */
const char *report_reason(const struct standing_report *report, int *ret_error);

/* The names in the protocol. */
const char *standing_name(enum standing_value value);
const char *standing_cadence_name(enum standing_cadence cadence);

#endif
