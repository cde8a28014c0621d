/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom to believe and when to look: the standing of the subscription, and the
 * cadence of dumps. A pure state machine: it is told what happened and when, and
 * says what to do next. Times are microseconds of one monotonic clock. */
#ifndef LINKWATCH_DAEMON_WATCH_H
#define LINKWATCH_DAEMON_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/price.h"

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

struct watch_config {
    enum watch_mode mode;
    /* Share of one CPU that polling may use, in millionths: 5000 is 0.5 %. */
    uint32_t budget_ppm;
    /* Bounds of the polling interval, and the interval of audits. */
    int64_t interval_min_usec;
    int64_t interval_max_usec;
    int64_t audit_usec;
    /* What to add where it is said that no look ever worked; NULL for nothing. */
    const char *blind_hint;
};

/* What a person and a consumer are told. */
struct watch_report {
    enum watch_standing standing;
    enum watch_cadence cadence;
    const char *reason; /* for the standing, in words; lives as long as the watch */
    int error;          /* errno behind it, positive, or 0 */
    bool stale;
    /* Why it is: what failed last, in words, and its errno, positive. "" and 0 if it is not. */
    const char *look_reason;
    int look_error;
    int64_t last_look; /* when the last complete look ended, WATCH_NEVER for none */
    int64_t interval_usec;
    int64_t look_cost_usec; /* of the last few; -1 before the first look */
    uint64_t contradictions;
};

/* How a dump ended. */
struct watch_dump {
    int error;        /* 0, or why it is not complete: -EINTR if links changed under
                       * it, -EMSGSIZE if it was truncated, or what the kernel said */
    size_t told;      /* lines */
    bool empty;       /* there is no link, and that is the truth */
    size_t missing;   /* known links that it did not tell, and nobody knows of yet */
    size_t unsettled; /* links that stay as they were, though something else was said of them */
    bool native;      /* a line had IFLA_OPERSTATE */
    struct price_measure cost; /* of asking, receiving and reading */
};

/* What to do next. Each but WATCH_WAIT is to be done at once, and its outcome told. */
enum watch_action {
    WATCH_WAIT,  /* until the deadline, or until there is something to tell */
    WATCH_OPEN,  /* open the socket: watch_opened() */
    WATCH_CLOSE, /* close it, it is of no use: nothing to be told */
    WATCH_JOIN,  /* join the group: watch_joined() */
    WATCH_LOOK,  /* ask for a dump: watch_look_begun() */
    WATCH_ASK,   /* ask for the link that is in doubt: watch_asked() */
    WATCH_LEAVE, /* no answer will come: watch_answered() */
};

/* The standing, its reason, or staleness changed. While the picture is stale (as it is at the
 * start) a standing is no news: of retries, one that fails in another way is told, and the one
 * that works, together with the standing reached by then. */
typedef void (*watch_handler)(void *user, const struct watch_report *before,
                              const struct watch_report *after);

struct watch;

/* NULL without memory. */
struct watch *watch_new(const struct watch_config *config, watch_handler handler, void *user);
struct watch *watch_free(struct watch *watch);

/* Other bounds from now on. The mode and the hint stay as they were made. */
void watch_reconfigure(struct watch *watch, const struct watch_config *config);

/* Another budget, in millionths of one CPU, for the dumps after the one that is due. */
void watch_set_budget(struct watch *watch, uint32_t budget_ppm);

/* What is to be done at this moment; for WATCH_WAIT, *ret_deadline is when to ask
 * again at the latest, or WATCH_NEVER. */
enum watch_action watch_next(struct watch *watch, int64_t now, int64_t *ret_deadline);

/* Outcomes of what watch_next() asked for: 0 or -errno. */
void watch_opened(struct watch *watch, int64_t now, int error);
void watch_joined(struct watch *watch, int64_t now, int error);
void watch_look_begun(struct watch *watch, int64_t now, int error);
void watch_asked(struct watch *watch, int64_t now);

/* The dump is over, and what was in doubt after it was asked for. 1 if it settles what was asked
 * for with watch_look_now() before it began: the picture is the kernel's as of then. 0 if another
 * look must follow first (to confirm a removal, or because this one failed and is tried again).
 * -errno if looking failed too often to go on waiting. */
int watch_look_ended(struct watch *watch, int64_t now, const struct watch_dump *dump);

/* Which link the kernel is to be asked for, 0 for none. To be told before watch_next(), which
 * begins no look while there is one. That an answer came, too; none comes where the kernel has
 * no room for it, so that a question is asked again after a while. */
void watch_doubt(struct watch *watch, int ifindex);
void watch_answered(struct watch *watch);
/* A notification about that link came. */
void watch_notified(struct watch *watch, int ifindex);

/* A dump told a change of that link, of a kind that an honest subscription tells too. */
void watch_surprised(struct watch *watch, int64_t now, int ifindex);

/* Messages were lost; and all that was queued has been received. Linux drops every
 * notification from an overrun until the queue is empty, and says it just once, so
 * only a look that begins after that is of use. To be told each time that the queue
 * is seen empty, and before watch_next() whenever its deadline came. */
void watch_overrun(struct watch *watch);
void watch_drained(struct watch *watch, int64_t now);

/* The socket is let go, and another one will be there: watch_next() wants it opened at once. */
void watch_let_go(struct watch *watch);

/* Receiving failed for good with -errno: the socket is of no use any more. */
void watch_broken(struct watch *watch, int64_t now, int error);

/* Somebody wants a look that begins after this moment, as soon as may be. */
void watch_look_now(struct watch *watch);

/* Something changed that the kernel does not tell by itself: a look is due, at
 * polling cadence. */
void watch_look_soon(struct watch *watch);

/* How many consumers listen. */
void watch_consumers(struct watch *watch, size_t count);

/* Valid until the next call. */
const struct watch_report *watch_report(struct watch *watch);

/* As they are called on the wire. */
const char *watch_standing_name(enum watch_standing standing);
const char *watch_cadence_name(enum watch_cadence cadence);

#endif
