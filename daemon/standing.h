/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The standing, and the cadence of dumps: a pure state machine. Events go in, with their time, and
 * the next action comes out. Times are microseconds of one monotonic clock. */
#ifndef LINKWATCH_DAEMON_STANDING_H
#define LINKWATCH_DAEMON_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/budget.h"
#include "daemon/price.h"
#include "daemon/report.h"
#include "daemon/subject.h"

/* What a user may choose with --source. */
enum standing_mode {
    STANDING_AUTO,
    STANDING_SUBSCRIBE, /* never polls after a join: the subscription is believed */
    STANDING_POLL,      /* never joins */
    STANDING_MODE_COUNT
};

struct standing_config {
    enum standing_mode mode;
    int64_t audit_usec; /* interval of audits */
    /* A hint for the reason while no dump ever worked; NULL for none. */
    const char *blind_hint;
};

/* How a dump ended. */
struct standing_dump {
    int error;                 /* 0, or why it is not complete: -EINTR if links changed under
                                * it, -EMSGSIZE if it was truncated, or the kernel's error */
    size_t lines;              /* lines */
    bool empty;                /* there is no link, and that is the truth */
    size_t missing;            /* known links that it did not list, and that may be gone */
    size_t unsettled;          /* links that stay as they were, though messages contradict them */
    bool native;               /* a line had IFLA_OPERSTATE */
    bool made_room;            /* it showed that something is gone */
    struct price_measure cost; /* of requesting, receiving and reading */
    int64_t realtime_usec;     /* when it ended, since 1970 */
};

/* What to do next. Each but STANDING_WAIT is to be done at once, and its outcome reported. */
enum standing_action {
    STANDING_WAIT,       /* until the deadline, or until something happens */
    STANDING_OPEN,       /* open the socket: standing_opened() */
    STANDING_CLOSE,      /* close it, it is of no use: no outcome */
    STANDING_JOIN,       /* join the group: standing_joined() */
    STANDING_DUMP,       /* request a dump: standing_dump_begun() */
    STANDING_QUERY,      /* query the link that was set: standing_asked() */
    STANDING_UNANSWERED, /* no answer will come: standing_answered() */
};

struct standing;

/* words: of what is dumped; part: what polling is paid from. Both must be there until
 * standing_free(). NULL without memory. */
struct standing *standing_new(const struct standing_config *config,
                              const struct subject_words *words, struct budget_part *part,
                              standing_handler handler, void *user);
struct standing *standing_free(struct standing *standing);

/* Other bounds from now on. The mode and the hint stay as they were made. */
void standing_reconfigure(struct standing *standing, const struct standing_config *config);

/* What is to be done at this moment; for STANDING_WAIT, *ret_deadline is when to call it
 * again at the latest, or STANDING_NEVER. */
enum standing_action standing_next(struct standing *standing, int64_t now, int64_t *ret_deadline);

/* Outcomes of the actions of standing_next(): 0 or -errno. */
void standing_opened(struct standing *standing, int64_t now, int error);
void standing_joined(struct standing *standing, int64_t now, int error);
void standing_dump_begun(struct standing *standing, int64_t now, int error);
void standing_asked(struct standing *standing, int64_t now);

/* Whether what dumps cost is to be measured by the clock of CPU time, too. */
bool standing_wants_cpu_time(const struct standing *standing);

/* The dump is over, and so are the queries after it. 1 if it fulfils what was requested with
 * standing_dump_now() before it began: the table equals the kernel's as of then. 0 if another dump
 * must follow first (to confirm a removal, or because this one failed and is tried again). -errno
 * if dumps failed too often to go on waiting. */
int standing_dump_ended(struct standing *standing, int64_t now, const struct standing_dump *dump);

/* Another dump is under way on the same socket: meanwhile none can begin. */
void standing_set_busy(struct standing *standing, bool busy);

/* Which link is to be queried, 0 for none; to be set before standing_next(), which begins no dump
 * while there is one. And that an answer came; none comes where the kernel has no room for it, so
 * that a query is repeated after a while. */
void standing_set_query(struct standing *standing, int ifindex);
void standing_answered(struct standing *standing);
/* A notification about that link came. */
void standing_notified(struct standing *standing, int ifindex);

/* A dump showed a change of that link that no notification has confirmed yet, of a kind that a
 * complete subscription reports. */
void standing_unconfirmed(struct standing *standing, int64_t now, int ifindex);

/* Messages were lost; and all that was queued has been received. Linux drops every
 * notification from an overrun until the queue is empty, and reports it just once, so
 * only a dump that begins after that is of use. To be called each time that the queue
 * is seen empty, and before standing_next() whenever its deadline came. */
void standing_overrun(struct standing *standing);
void standing_drained(struct standing *standing, int64_t now);

/* The socket is let go, and another one will be there: standing_next() wants it opened at once. */
void standing_let_go(struct standing *standing);

/* Receiving failed for good with -errno: the socket is of no use any more. */
void standing_broken(struct standing *standing, int64_t now, int error);

/* Requests a dump that begins after this moment, as soon as may be. */
void standing_dump_now(struct standing *standing);

/* Something changed without a notification: a dump is due, at polling cadence. */
void standing_dump_soon(struct standing *standing);

/* Something happened, or a consumer asks: dumps are more frequent for some seconds. */
void standing_activate(struct standing *standing, int64_t now);

/* How many consumers listen. */
void standing_consumers(struct standing *standing, size_t count);

/* Always at the same place, where the standing, its reason and the state of the dumps are up to
 * date; cadence, interval and cost are so after each call. */
const struct standing_report *standing_report(struct standing *standing);

#endif
