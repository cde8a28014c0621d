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
    STANDING_SUBSCRIBE, /* never polls after a join: the subscription is always trusted */
    STANDING_POLL,      /* never joins */
    STANDING_MODE_COUNT
};

struct standing_config {
    enum standing_mode mode;
    int64_t audit_usec; /* interval between audits */
    /* A hint that is appended to the reason while no dump has ever succeeded; NULL for none. */
    const char *blind_hint;
};

/* The result of a dump. */
struct standing_dump {
    int error;                 /* 0, or why it is not complete: -EINTR if links changed under
                                * it, -EMSGSIZE if it was truncated, or the kernel's error */
    size_t lines;              /* number of messages */
    bool empty;                /* there really are no links */
    size_t missing;            /* known links that it did not contain, and that may be gone */
    size_t unsettled;          /* links that remain unchanged, although messages contradict them */
    bool native;               /* a message had IFLA_OPERSTATE */
    bool made_room;            /* it showed that an object is gone */
    struct price_measure cost; /* of requesting, receiving and parsing it */
    int64_t realtime_usec;     /* when it ended, since 1970 */
};

/* The next action. All except STANDING_WAIT must be performed immediately, and the result must be
 * reported. */
enum standing_action {
    STANDING_WAIT,       /* until the deadline, or until something happens */
    STANDING_OPEN,       /* open the socket: standing_opened() */
    STANDING_CLOSE,      /* close it, because it is not usable: no result */
    STANDING_JOIN,       /* join the group: standing_joined() */
    STANDING_DUMP,       /* request a dump: standing_dump_begun() */
    STANDING_QUERY,      /* query the link that was set: standing_asked() */
    STANDING_UNANSWERED, /* there will be no reply: standing_answered() */
};

struct standing;

/* words: the words for the subject; part: the budget for polling. Both must outlive the standing.
 * NULL if out of memory. */
struct standing *standing_new(const struct standing_config *config,
                              const struct subject_words *words, struct budget_part *part,
                              standing_handler handler, void *user);
struct standing *standing_free(struct standing *standing);

/* Changes the bounds. The mode and the hint are not changed. */
void standing_reconfigure(struct standing *standing, const struct standing_config *config);

/* The action to perform now; for STANDING_WAIT, *ret_deadline is the latest time at which to call
 * it again, or STANDING_NEVER. */
enum standing_action standing_next(struct standing *standing, int64_t now, int64_t *ret_deadline);

/* The results of the actions of standing_next(): 0 or -errno. */
void standing_opened(struct standing *standing, int64_t now, int error);
void standing_joined(struct standing *standing, int64_t now, int error);
void standing_dump_begun(struct standing *standing, int64_t now, int error);
void standing_asked(struct standing *standing, int64_t now);

/* Whether the cost of dumps must also be measured by the CPU clock. */
bool standing_wants_cpu_time(const struct standing *standing);

/* The dump and the queries after it have ended. 1 if it fulfils the requests made with
 * standing_dump_now() before it began: the table equals the kernel's state at that time. 0 if
 * another dump must follow first (to confirm a removal, or because this one failed and is retried).
 * -errno if dumps failed too often to continue waiting. */
int standing_dump_ended(struct standing *standing, int64_t now, const struct standing_dump *dump);

/* Another dump is in progress on the same socket, so that none can begin. */
void standing_set_busy(struct standing *standing, bool busy);

/* Sets the link to query, 0 for none; must be called before standing_next(), which begins no dump
 * while there is one. The second function reports a reply. If the kernel has no room for a reply,
 * there is none; a query is therefore repeated after a while. */
void standing_set_query(struct standing *standing, int ifindex);
void standing_answered(struct standing *standing);
/* A notification about this link arrived. */
void standing_notified(struct standing *standing, int ifindex);

/* A dump showed a change of this link that no notification has confirmed yet, and that a complete
 * subscription reports. */
void standing_unconfirmed(struct standing *standing, int64_t now, int ifindex);

/* Messages were lost; everything that was queued has been received. After an overrun, Linux drops
 * every notification until the queue is empty, and reports the overrun only once: only a dump that
 * begins after that is useful. standing_drained() must be called whenever the queue is found empty,
 * and before standing_next() when its deadline has passed. */
void standing_overrun(struct standing *standing);
void standing_drained(struct standing *standing, int64_t now);

/* The socket is given up, and will be replaced: standing_next() returns STANDING_OPEN immediately.
 */
void standing_let_go(struct standing *standing);

/* Receiving failed permanently with -errno: the socket is no longer usable. */
void standing_broken(struct standing *standing, int64_t now, int error);

/* Requests a dump that begins after this call, as soon as possible. */
void standing_dump_now(struct standing *standing);

/* Something changed without a notification: requests a dump at the polling cadence. */
void standing_dump_soon(struct standing *standing);

/* Something happened, or a consumer requested it: dumps are more frequent for some seconds. */
void standing_activate(struct standing *standing, int64_t now);

/* Sets the number of consumers. */
void standing_consumers(struct standing *standing, size_t count);

/* The report, always at the same address. The standing, its reason and the state of the dumps are
 * always up to date; cadence, interval and cost are updated by each call. */
const struct standing_report *standing_report(struct standing *standing);

#endif
