/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom to believe and when to look: the standing of the subscription, and the
 * cadence of dumps. A pure state machine: it is told what happened and when, and
 * says what to do next. Times are microseconds of one monotonic clock. */
#ifndef LINKWATCH_DAEMON_STANDING_H
#define LINKWATCH_DAEMON_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/budget.h"
#include "daemon/price.h"
#include "daemon/report.h"

/* What a user may choose with --source. */
enum standing_mode {
    STANDING_AUTO,
    STANDING_SUBSCRIBE, /* never polls on suspicion: the subscription is believed */
    STANDING_POLL,      /* never joins */
    STANDING_MODE_COUNT
};

struct standing_config {
    enum standing_mode mode;
    int64_t audit_usec; /* interval of audits */
    /* What to add where it is said that no look ever worked; NULL for nothing. */
    const char *blind_hint;
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

struct standing;

/* part: what polling is paid from; it must be there until standing_free(). NULL without memory. */
struct standing *standing_new(const struct standing_config *config, struct budget_part *part,
                              standing_handler handler, void *user);
struct standing *standing_free(struct standing *standing);

/* Other bounds from now on. The mode and the hint stay as they were made. */
void standing_reconfigure(struct standing *standing, const struct standing_config *config);

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

/* Something happened, or a consumer asks: dumps are more frequent for some seconds. */
void standing_activate(struct standing *standing, int64_t now);

/* How many consumers listen. */
void standing_consumers(struct standing *standing, size_t count);

/* Valid until the next call. */
const struct standing_report *standing_report(struct standing *standing);

#endif
