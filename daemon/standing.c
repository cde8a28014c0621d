/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/standing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/backoff.h"
#include "daemon/cadence.h"
#include "daemon/query.h"
#include "daemon/unconfirmed.h"

#define MSEC INT64_C(1000)
#define SEC  (1000 * MSEC)

/* Linux may hold back the notification of a carrier that changed for a second
 * (linkwatch's rate limit), while a dump shows it at once. Three leave room for a
 * loaded machine. */
#define GRACE (3 * SEC)
/* A dump that takes longer lost its end. */
#define DUMP_TIMEOUT (10 * SEC)
/* Dumps that fail one after another until that is reported. */
#define FAILURES_UNTIL_STALE 3
/* A dump during which links changed may leave out a link that is there; that many, one
 * after another, don't leave out the same one. */
#define INTERRUPTED_UNTIL_BELIEVED 5
/* Dumps that somebody waits for may use a quarter of a CPU. */
#define URGENT_COST_FACTOR 4

#define OPEN_DELAY_MIN  (100 * MSEC)
#define OPEN_DELAY_MAX  (30 * SEC)
#define JOIN_DELAY_MIN  (5 * SEC)
#define JOIN_DELAY_MAX  (300 * SEC)
#define RETRY_DELAY_MIN (50 * MSEC)
#define RETRY_DELAY_MAX (5 * SEC)
/* Where links have no room, there may be many of them, in many namespaces. */
#define FULL_DELAY_MAX (60 * SEC)

struct standing {
    struct standing_config config;
    const struct subject_words *words;
    struct report report;

    bool open;
    bool close_wanted;
    int64_t opened_at;
    struct backoff opening;
    bool joined;
    struct backoff joining;
    bool known_incomplete; /* for good, also after the socket was opened anew */

    bool busy; /* with another dump */
    bool dumping;
    int64_t dump_began;  /* of the last dump, also when it is over */
    bool dump_is_urgent; /* somebody waits for the dump under way */
    bool dump_excused;   /* what it shows may come without a notification */
    bool contradicted;   /* by the dump under way */
    bool wanted_now;
    bool demanded; /* by somebody who wants it now */
    bool wanted_soon;
    bool excuse_next;
    bool congested;     /* an overrun, and the queue was not empty since */
    int64_t drained_at; /* when the queue was seen empty, last */
    unsigned failures;
    unsigned interrupted;
    struct backoff retrying;
    bool retried_soon; /* the last failure, for it made room */
    int64_t proving_interval;
    int64_t proof_began; /* when the last dump that counted as a proof began */

    struct cadence cadence;
    struct query query;
    struct unconfirmed unconfirmed;
    size_t consumers;
};

struct standing *standing_new(const struct standing_config *config,
                              const struct subject_words *words, struct budget_part *part,
                              standing_handler handler, void *user)
{
    struct standing *standing = calloc(1, sizeof(*standing));

    if (!standing)
        return NULL;
    standing->config = *config;
    standing->words = words;
    report_init(&standing->report, handler, user);
    cadence_init(&standing->cadence, part);
    standing->dump_began = standing->drained_at = -STANDING_NEVER;
    return standing;
}

struct standing *standing_free(struct standing *standing)
{
    if (standing)
        cadence_free(&standing->cadence);
    free(standing);
    return NULL;
}

void standing_reconfigure(struct standing *standing, const struct standing_config *config)
{
    struct standing_config before = standing->config;

    standing->config = *config;
    standing->config.mode = before.mode;
    standing->config.blind_hint = before.blind_hint;
}

/* Why dumps fail; the caller publishes. */
static void set_stale(struct standing *standing, int error, const char *reason)
{
    bool never = standing->report.now.last_dump_usec < 0;

    report_stale(&standing->report, error, reason, never ? standing->config.blind_hint : NULL);
}

/* As long as the kernel can be dumped. */
static enum standing_cadence regular_cadence(const struct standing *standing)
{
    switch (standing->report.now.standing) {
    case STANDING_DENIED:
    case STANDING_INCOMPLETE:
        if (standing->config.mode == STANDING_SUBSCRIBE)
            return STANDING_AUDIT;
        return standing->consumers ? STANDING_POLLING : STANDING_IDLE;
    case STANDING_UNPROVEN:
        return STANDING_PROVING;
    case STANDING_TRUSTED:
    case STANDING_COUNT:
        break;
    }
    return STANDING_AUDIT;
}

static enum standing_cadence cadence(const struct standing *standing)
{
    if (!standing->open || standing->failures >= FAILURES_UNTIL_STALE)
        return STANDING_RETRY;
    return regular_cadence(standing);
}

static int64_t interval_max(const struct standing *standing)
{
    return standing->cadence.part->budget->interval_max_usec;
}

static int64_t dump_interval(const struct standing *standing)
{
    switch (regular_cadence(standing)) {
    case STANDING_POLLING:
        return cadence_interval(&standing->cadence);
    case STANDING_IDLE:
        return interval_max(standing);
    case STANDING_PROVING:
        return min_time(standing->proving_interval, standing->config.audit_usec);
    case STANDING_AUDIT:
    case STANDING_RETRY:
    case STANDING_CADENCE_COUNT:
        break;
    }
    return standing->config.audit_usec;
}

/* What counts in the budget: dumps that are more frequent than once in the longest interval. */
static void count_dumps(struct standing *standing, int64_t now)
{
    enum standing_cadence regular = regular_cadence(standing);
    bool proving =
        regular == STANDING_PROVING && standing->proving_interval < interval_max(standing);

    cadence_count(&standing->cadence, now,
                  standing->open &&
                      (regular == STANDING_POLLING || proving || standing->wanted_soon));
}

/* When the next dump is due, if nothing else happens. */
static int64_t dump_due(const struct standing *standing)
{
    const struct cadence *own = &standing->cadence;
    int64_t began = standing->dump_began;
    int64_t urgent = max_time(cadence_price(own), 0) * URGENT_COST_FACTOR;
    int64_t due = regular_cadence(standing) == STANDING_PROVING
                      ? after(began, dump_interval(standing))
                      : cadence_due(own, began, dump_interval(standing));

    if (standing->wanted_soon)
        due = min_time(due, cadence_due(own, began, cadence_interval(own)));
    if (standing->wanted_now)
        due = min_time(due, after(began, urgent));
    return max_time(due, standing->retrying.at);
}

static void forget_unconfirmed(struct standing *standing)
{
    standing->unconfirmed.count = 0;
}

/* A change that no notification confirmed in time: the subscription is incomplete. What is
 * still queued came in time, however late it is read (the process may have been
 * stopped), so an empty queue must have been seen since. */
static void judge_unconfirmed(struct standing *standing)
{
    int ifindex;
    size_t overdue = unconfirmed_overdue(&standing->unconfirmed, standing->drained_at, &ifindex);

    if (!overdue)
        return;
    standing->report.now.contradictions += overdue;
    standing->known_incomplete = true;
    report_standing(&standing->report, STANDING_INCOMPLETE, 0,
                    "a dump showed a change of %s %d that the subscription did not report",
                    standing->words->object, ifindex);
    forget_unconfirmed(standing);
}

static bool wants_to_join(const struct standing *standing)
{
    return standing->config.mode != STANDING_POLL && !standing->joined;
}

static void forget_socket(struct standing *standing)
{
    standing->open = false;
    standing->joined = false;
    standing->dumping = false;
    standing->congested = false;
    cadence_uncount(&standing->cadence);
    standing_answered(standing);
    /* Those who wait for a dump still do. */
    standing->wanted_now |= standing->dump_is_urgent;
    standing->dump_is_urgent = false;
    forget_unconfirmed(standing);
}

void standing_let_go(struct standing *standing)
{
    forget_socket(standing);
    backoff_reset(&standing->opening);
}

/* The socket is of no use, or there is none; it is tried again with a growing delay. */
static void give_up_socket(struct standing *standing, int64_t now, int error, const char *what)
{
    standing->close_wanted |= standing->open;
    forget_socket(standing);
    backoff_push(&standing->opening, now, OPEN_DELAY_MIN, OPEN_DELAY_MAX);
    /* In one step, as one report. */
    set_stale(standing, error, what);
    report_standing(&standing->report, STANDING_DENIED, error, "%s", what);
    report_publish(&standing->report);
}

enum standing_action standing_next(struct standing *standing, int64_t now, int64_t *ret_deadline)
{
    int64_t deadline;

    if (standing->dumping && standing->drained_at >= after(standing->dump_began, DUMP_TIMEOUT))
        give_up_socket(standing, now, -ETIMEDOUT, "the kernel did not complete its reply");
    if (standing->close_wanted) {
        standing->close_wanted = false;
        return STANDING_CLOSE;
    }
    judge_unconfirmed(standing);
    count_dumps(standing, now);
    if (!standing->open) {
        if (now >= standing->opening.at)
            return STANDING_OPEN;
        *ret_deadline = standing->opening.at;
        return STANDING_WAIT;
    }
    if (wants_to_join(standing) && now >= standing->joining.at)
        return STANDING_JOIN;
    if (query_is_due(&standing->query, standing->drained_at))
        return STANDING_QUERY;
    if (query_is_hopeless(&standing->query, standing->drained_at))
        return STANDING_UNANSWERED;
    if (!standing->dumping && !standing->busy && !standing->query.ifindex &&
        now >= dump_due(standing))
        return STANDING_DUMP;

    deadline = standing->busy ? STANDING_NEVER : dump_due(standing);
    if (standing->dumping)
        deadline = after(standing->dump_began, DUMP_TIMEOUT);
    if (standing->query.ifindex)
        deadline = query_next(&standing->query);
    if (wants_to_join(standing))
        deadline = min_time(deadline, standing->joining.at);
    *ret_deadline = min_time(deadline, unconfirmed_next(&standing->unconfirmed));
    return STANDING_WAIT;
}

void standing_opened(struct standing *standing, int64_t now, int error)
{
    if (error) {
        give_up_socket(standing, now, error, "the netlink socket cannot be opened");
        return;
    }
    standing->open = true;
    standing->opened_at = now;
    standing->excuse_next = true;
    standing->wanted_now = true;
    standing_activate(standing, now);
    standing->dump_began = -STANDING_NEVER;
    backoff_reset(&standing->joining);
    if (standing->config.mode == STANDING_POLL)
        report_standing(&standing->report, STANDING_DENIED, 0,
                        "configured to poll (--source poll)");
}

void standing_broken(struct standing *standing, int64_t now, int error)
{
    give_up_socket(standing, now, error, "receiving from the netlink socket failed");
}

static void begin_proof(struct standing *standing, int64_t now)
{
    standing->proving_interval = cadence_interval(&standing->cadence);
    standing->proof_began = now;
}

void standing_joined(struct standing *standing, int64_t now, int error)
{
    if (error) {
        backoff_push(&standing->joining, now, JOIN_DELAY_MIN, JOIN_DELAY_MAX);
        report_standing(&standing->report, STANDING_DENIED, error, "joining %s was refused",
                        standing->words->groups);
        return;
    }
    standing->joined = true;
    /* No notification came of what happened before the join: a dump that begins now
     * fills the gap, and neither it nor the one under way proves anything. */
    standing->wanted_now = true;
    standing->excuse_next = true;
    standing->dump_excused = true;
    if (standing->config.mode == STANDING_SUBSCRIBE) {
        report_standing(&standing->report, STANDING_TRUSTED, 0,
                        "configured to trust it (--source subscribe)");
    } else if (standing->known_incomplete) {
        report_standing(&standing->report, STANDING_INCOMPLETE, 0,
                        "the subscription did not report every change before");
    } else {
        begin_proof(standing, now);
        report_standing(&standing->report, STANDING_UNPROVEN, 0,
                        "joined %s; dumps have yet to agree with it", standing->words->groups);
    }
}

/* 0 if another attempt comes before this is reported, else the error. */
static int count_failure(struct standing *standing, int64_t now, int error, bool made_room)
{
    standing->failures++;
    standing->wanted_now = true;
    backoff_push(&standing->retrying, now, RETRY_DELAY_MIN,
                 error == -EDQUOT ? FULL_DELAY_MAX : RETRY_DELAY_MAX);
    /* Once: what goes while others come makes no room. */
    standing->retried_soon = made_room && !standing->retried_soon;
    if (standing->retried_soon)
        standing->retrying.at = after(now, RETRY_DELAY_MIN);
    if (standing->failures < FAILURES_UNTIL_STALE)
        return 0;
    standing->dump_is_urgent = false;
    return error;
}

static int dump_failed(struct standing *standing, int64_t now, int error, bool made_room)
{
    bool was_stale = standing->report.now.stale && standing->report.now.dump_error;
    const char *what =
        error == -ENODATA ? "the kernel's reply is empty" : "the kernel's reply was truncated";
    char reason[80];

    if (count_failure(standing, now, error, made_room) == 0)
        return 0;
    if (error != -ENODATA && error != -EMSGSIZE) {
        snprintf(reason, sizeof(reason),
                 error == -EDQUOT ? "its %s do not fit in namespaces-memory-max"
                                  : "the kernel does not list its %s",
                 standing->words->objects);
        what = reason;
    }
    set_stale(standing, error, what);
    /* Another error while the links are stale is not reported, but counts. */
    if (!was_stale)
        report_publish(&standing->report);
    return error;
}

void standing_dump_begun(struct standing *standing, int64_t now, int error)
{
    standing->dump_began = now;
    if (error) {
        /* A socket that refuses requests is opened anew, now and then. */
        if (count_failure(standing, now, error, false) < 0)
            give_up_socket(standing, now, error, "the request for a dump was refused");
        return;
    }
    /* Dumps on demand, however frequent, are no reason to poll less. */
    cadence_begin(&standing->cadence, now, standing->cadence.polled && !standing->demanded);
    standing->demanded = false;
    standing->dumping = true;
    standing->contradicted = false;
    standing->dump_excused = standing->excuse_next || standing->congested;
    standing->dump_is_urgent |= standing->wanted_now;
    standing->excuse_next = false;
    standing->wanted_now = false;
    standing->wanted_soon = false;
}

bool standing_wants_cpu_time(const struct standing *standing)
{
    return price_wants_cpu_time(&standing->cadence.price);
}

void standing_set_busy(struct standing *standing, bool busy)
{
    standing->busy = busy;
}

void standing_set_query(struct standing *standing, int ifindex)
{
    query_set(&standing->query, ifindex);
}

void standing_asked(struct standing *standing, int64_t now)
{
    query_asked(&standing->query, now);
}

void standing_answered(struct standing *standing)
{
    query_answered(&standing->query);
}

/* A dump that nothing excuses agreed with the subscription, or did not. */
static void weigh_dump(struct standing *standing)
{
    if (standing->report.now.standing != STANDING_UNPROVEN || standing->dump_excused)
        return;
    if (standing->contradicted || standing->unconfirmed.count) {
        begin_proof(standing, standing->dump_began);
        return;
    }
    /* Dumps on demand, close together, prove no more than the time they span. */
    if (standing->dump_began < after(standing->proof_began, dump_interval(standing)))
        return;
    standing->proof_began = standing->dump_began;
    standing->proving_interval =
        min_time(standing->proving_interval * 2, standing->config.audit_usec);
    if (standing->proving_interval >= standing->config.audit_usec)
        report_standing(&standing->report, STANDING_TRUSTED, 0,
                        "dumps agreed with the subscription up to the audit interval");
}

static void dump_succeeded(struct standing *standing, int64_t now, const struct standing_dump *dump)
{
    standing->failures = 0;
    standing->interrupted = 0;
    backoff_reset(&standing->retrying);
    /* A socket that works for a moment, again and again, does not count. */
    if (now >= after(standing->opened_at, OPEN_DELAY_MAX))
        backoff_reset(&standing->opening);
    standing->report.now.last_dump_usec = dump->realtime_usec;
    cadence_measure(&standing->cadence, now, &dump->cost);
    report_fresh(&standing->report);
    if (!dump->native && standing->joined && standing->config.mode == STANDING_AUTO) {
        standing->known_incomplete = true;
        report_standing(&standing->report, STANDING_INCOMPLETE, 0,
                        "the kernel's replies are not those of a native Linux kernel");
    }
    weigh_dump(standing);
    report_publish(&standing->report);
}

/* 0, -EINTR if the dump does not show all, or why it shows nothing. */
static int error_of(const struct standing *standing, const struct standing_dump *dump)
{
    int error = dump->error;

    if (error == 0 && dump->unsettled)
        error = -EINTR;
    if (dump->lines || dump->empty)
        return error;
    /* An answer without links is mostly one that had no room. */
    if (error == 0 || (error == -EINTR && standing->interrupted + 1 >= INTERRUPTED_UNTIL_BELIEVED))
        return -ENODATA;
    return error;
}

int standing_dump_ended(struct standing *standing, int64_t now, const struct standing_dump *dump)
{
    int error = error_of(standing, dump);

    standing->dumping = false;
    /* What an excused dump did not show, or left to be confirmed, the next one shows: the
     * excuse is the same. */
    if (standing->dump_excused && (error || dump->missing))
        standing->excuse_next = true;
    if (error == -EINTR && ++standing->interrupted < INTERRUPTED_UNTIL_BELIEVED) {
        standing->wanted_now |= standing->dump_is_urgent;
        standing->wanted_soon = true;
        return 0;
    }
    if (error && error != -EINTR)
        return dump_failed(standing, now, error, dump->made_room);
    dump_succeeded(standing, now, dump);
    if (dump->missing || standing->congested) {
        standing->wanted_now = true;
        return 0;
    }
    if (!standing->dump_is_urgent)
        return 0;
    standing->dump_is_urgent = false;
    return 1;
}

void standing_notified(struct standing *standing, int ifindex)
{
    unconfirmed_confirm(&standing->unconfirmed, ifindex);
}

void standing_unconfirmed(struct standing *standing, int64_t now, int ifindex)
{
    bool believed = standing->report.now.standing == STANDING_UNPROVEN ||
                    standing->report.now.standing == STANDING_TRUSTED;

    if (!believed || standing->config.mode != STANDING_AUTO || standing->dump_excused)
        return;
    standing->contradicted = true;
    if (standing->report.now.standing == STANDING_TRUSTED) {
        begin_proof(standing, standing->dump_began);
        report_standing(&standing->report, STANDING_UNPROVEN, 0,
                        "a dump showed a change of %s %d first; dumps have to agree again",
                        standing->words->object, ifindex);
    }
    unconfirmed_add(&standing->unconfirmed, ifindex, after(now, GRACE));
}

void standing_overrun(struct standing *standing)
{
    standing->congested = true;
    standing->dump_excused = true;
    forget_unconfirmed(standing);
}

void standing_drained(struct standing *standing, int64_t now)
{
    standing->drained_at = now;
    if (!standing->congested)
        return;
    standing->congested = false;
    standing->excuse_next = true;
    standing->wanted_soon = true;
}

void standing_dump_now(struct standing *standing)
{
    standing->wanted_now = standing->demanded = true;
}

void standing_dump_soon(struct standing *standing)
{
    standing->wanted_soon = true;
}

void standing_activate(struct standing *standing, int64_t now)
{
    cadence_activate(&standing->cadence, now);
}

void standing_consumers(struct standing *standing, size_t count)
{
    bool first = standing->consumers == 0 && count > 0;

    standing->consumers = count;
    if (first && standing->report.now.standing != STANDING_TRUSTED)
        standing_dump_now(standing);
}

const struct standing_report *standing_report(struct standing *standing)
{
    standing->report.now.cadence = cadence(standing);
    standing->report.now.dump_cost_usec = cadence_price(&standing->cadence);
    standing->report.now.interval_usec = standing->failures >= FAILURES_UNTIL_STALE
                                             ? standing->retrying.delay
                                             : dump_interval(standing);
    if (!standing->open)
        standing->report.now.interval_usec = standing->opening.delay;
    return &standing->report.now;
}
