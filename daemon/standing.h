/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom to believe and when to look: the standing of the subscription, and the
 * cadence of dumps. A pure state machine: it is told what happened and when, and
 * says what to do next. Times are microseconds of one monotonic clock. */
#ifndef LINKWATCH_DAEMON_STANDING_H
#define LINKWATCH_DAEMON_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/price.h"

/* "Never": no moment is later. */
#define STANDING_NEVER INT64_MAX

enum standing_value {
    STANDING_DENIED,
    STANDING_UNPROVEN,
    STANDING_TRUSTED,
    STANDING_INCOMPLETE,
    STANDING_COUNT
};

enum standing_cadence {
    STANDING_POLLING, /* dumps are what tells of changes */
    STANDING_PROVING, /* dumps grow rarer while they agree with the subscription */
    STANDING_AUDIT,   /* the subscription tells; dumps check it */
    STANDING_RETRY,   /* the kernel can't be looked at; trying again */
    STANDING_IDLE,    /* nobody listens: polling, as rarely as allowed */
    STANDING_CADENCE_COUNT
};

/* What a user may choose with --source. */
enum standing_mode {
    STANDING_AUTO,
    STANDING_SUBSCRIBE, /* never polls on suspicion: the subscription is believed */
    STANDING_POLL,      /* never joins */
    STANDING_MODE_COUNT
};

struct standing_config {
    enum standing_mode mode;
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
struct standing_report {
    enum standing_value standing;
    enum standing_cadence cadence;
    const char *reason; /* for the standing, in words; lives as long as the standing */
    int error;          /* errno behind it, positive, or 0 */
    bool stale;
    /* Why it is: what failed last, in words, and its errno, positive. "" and 0 if it is not. */
    const char *look_reason;
    int look_error;
    int64_t last_look; /* when the last complete look ended, STANDING_NEVER for none */
    int64_t interval_usec;
    int64_t look_cost_usec; /* of the last few; -1 before the first look */
    uint64_t contradictions;
};

/* How a dump ended. */
struct standing_dump {
    int error;        /* 0, or why it is not complete: -EINTR if links changed under
                       * it, -EMSGSIZE if it was truncated, or what the kernel said */
    size_t told;      /* lines */
    bool empty;       /* there is no link, and that is the truth */
    size_t missing;   /* known links that it did not tell, and nobody knows of yet */
    size_t unsettled; /* links that stay as they were, though something else was said of them */
    bool native;      /* a line had IFLA_OPERSTATE */
    struct price_measure cost; /* of asking, receiving and reading */
};

/* What to do next. Each but STANDING_WAIT is to be done at once, and its outcome told. */
enum standing_action {
    STANDING_WAIT,  /* until the deadline, or until there is something to tell */
    STANDING_OPEN,  /* open the socket: standing_opened() */
    STANDING_CLOSE, /* close it, it is of no use: nothing to be told */
    STANDING_JOIN,  /* join the group: standing_joined() */
    STANDING_DUMP,  /* ask for a dump: standing_dump_begun() */
    STANDING_ASK,   /* ask for the link that is in doubt: standing_asked() */
    STANDING_LEAVE, /* no answer will come: standing_answered() */
};

/* The standing, its reason, or staleness changed. While the picture is stale (as it is at the
 * start) a standing is no news: of retries, one that fails in another way is told, and the one
 * that works, together with the standing reached by then. */
typedef void (*standing_handler)(void *user, const struct standing_report *before,
                                 const struct standing_report *after);

struct standing;

/* NULL without memory. */
struct standing *standing_new(const struct standing_config *config, standing_handler handler,
                              void *user);
struct standing *standing_free(struct standing *standing);

/* Other bounds from now on. The mode and the hint stay as they were made. */
void standing_reconfigure(struct standing *standing, const struct standing_config *config);

/* Another budget, in millionths of one CPU, for the dumps after the one that is due. */
void standing_set_budget(struct standing *standing, uint32_t budget_ppm);

/* What is to be done at this moment; for STANDING_WAIT, *ret_deadline is when to ask
 * again at the latest, or STANDING_NEVER. */
enum standing_action standing_next(struct standing *standing, int64_t now, int64_t *ret_deadline);

/* Outcomes of what standing_next() asked for: 0 or -errno. */
void standing_opened(struct standing *standing, int64_t now, int error);
void standing_joined(struct standing *standing, int64_t now, int error);
void standing_dump_begun(struct standing *standing, int64_t now, int error);
void standing_asked(struct standing *standing, int64_t now);

/* Whether what dumps cost is to be measured by the clock of CPU time, too. */
bool standing_wants_cpu_time(const struct standing *standing);

/* The dump is over, and what was in doubt after it was asked for. 1 if it settles what was asked
 * for with standing_dump_now() before it began: the picture is the kernel's as of then. 0 if
 * another look must follow first (to confirm a removal, or because this one failed and is tried
 * again). -errno if looking failed too often to go on waiting. */
int standing_dump_ended(struct standing *standing, int64_t now, const struct standing_dump *dump);

/* Which link the kernel is to be asked for, 0 for none. To be told before standing_next(), which
 * begins no look while there is one. That an answer came, too; none comes where the kernel has
 * no room for it, so that a question is asked again after a while. */
void standing_doubt(struct standing *standing, int ifindex);
void standing_answered(struct standing *standing);
/* A notification about that link came. */
void standing_notified(struct standing *standing, int ifindex);

/* A dump told a change of that link, of a kind that an honest subscription tells too. */
void standing_surprised(struct standing *standing, int64_t now, int ifindex);

/* Messages were lost; and all that was queued has been received. Linux drops every
 * notification from an overrun until the queue is empty, and says it just once, so
 * only a look that begins after that is of use. To be told each time that the queue
 * is seen empty, and before standing_next() whenever its deadline came. */
void standing_overrun(struct standing *standing);
void standing_drained(struct standing *standing, int64_t now);

/* The socket is let go, and another one will be there: standing_next() wants it opened at once. */
void standing_let_go(struct standing *standing);

/* Receiving failed for good with -errno: the socket is of no use any more. */
void standing_broken(struct standing *standing, int64_t now, int error);

/* Somebody wants a look that begins after this moment, as soon as may be. */
void standing_dump_now(struct standing *standing);

/* Something changed that the kernel does not tell by itself: a look is due, at
 * polling cadence. */
void standing_dump_soon(struct standing *standing);

/* How many consumers listen. */
void standing_consumers(struct standing *standing, size_t count);

/* Valid until the next call. */
const struct standing_report *standing_report(struct standing *standing);

/* As they are called on the wire. */
const char *standing_name(enum standing_value value);
const char *standing_cadence_name(enum standing_cadence cadence);

#endif
