/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/standing.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/backoff.h"
#include "daemon/question.h"
#include "daemon/suspects.h"

#define MSEC INT64_C(1000)
#define SEC  (1000 * MSEC)

/* Linux may hold back the notification of a carrier that changed for a second
 * (linkwatch's rate limit), while a dump shows it at once. Three leave room for a
 * loaded machine. */
#define GRACE (3 * SEC)
/* A dump that takes longer lost its end. */
#define LOOK_TIMEOUT (10 * SEC)
/* Looks that fail one after another until consumers are told. */
#define FAILURES_UNTIL_STALE 3
/* A dump during which links changed may leave out a link that is there; that many, one
 * after another, don't leave out the same one. */
#define INTERRUPTED_UNTIL_BELIEVED 5
/* Looks that somebody waits for may use a quarter of a CPU. */
#define URGENT_COST_FACTOR 4

#define OPEN_DELAY_MIN  (100 * MSEC)
#define OPEN_DELAY_MAX  (30 * SEC)
#define JOIN_DELAY_MIN  (5 * SEC)
#define JOIN_DELAY_MAX  (300 * SEC)
#define RETRY_DELAY_MIN (50 * MSEC)
#define RETRY_DELAY_MAX (5 * SEC)

struct standing {
    struct standing_config config;
    standing_handler handler;
    void *user;
    struct standing_report report;
    char reason[160];
    char look_reason[240];
    /* As it was told last. */
    struct standing_report told;
    char told_reason[160];
    char told_look_reason[240];

    bool open;
    bool close_wanted;
    int64_t opened_at;
    struct backoff opening;
    bool joined;
    struct backoff joining;
    bool known_incomplete; /* for good, also after the socket was opened anew */

    bool looking;
    int64_t look_began;  /* of the last look, also when it is over */
    bool look_is_urgent; /* somebody waits for the look under way */
    bool look_excused;   /* what it shows may rightly not have been told */
    bool surprised;      /* by the look under way */
    bool wanted_now;
    bool wanted_soon;
    bool excuse_next;
    bool congested;     /* an overrun, and the queue was not empty since */
    int64_t drained_at; /* when the queue was seen empty, last */
    unsigned failures;
    unsigned interrupted;
    struct backoff retrying;
    int64_t proving_interval;
    int64_t proof_began; /* when the last look that counted as a proof began */

    struct price price;
    struct question question;
    struct suspects suspects;
    size_t consumers;
};

static bool says_the_same(const struct standing_report *a, const struct standing_report *b)
{
    return a->standing == b->standing && a->error == b->error && a->stale == b->stale &&
           a->look_error == b->look_error && strcmp(a->reason, b->reason) == 0 &&
           strcmp(a->look_reason, b->look_reason) == 0;
}

static void remember_told(struct standing *standing)
{
    standing->told = standing->report;
    standing->told.reason =
        memcpy(standing->told_reason, standing->reason, sizeof(standing->reason));
    standing->told.look_reason =
        memcpy(standing->told_look_reason, standing->look_reason, sizeof(standing->look_reason));
}

/* Tells the report, if it differs from what was told. */
static void publish(struct standing *standing)
{
    struct standing_report before = standing->told;
    char reason[sizeof(standing->reason)];
    char look_reason[sizeof(standing->look_reason)];

    if (says_the_same(&before, &standing->report))
        return;
    before.reason = memcpy(reason, standing->told_reason, sizeof(reason));
    before.look_reason = memcpy(look_reason, standing->told_look_reason, sizeof(look_reason));
    remember_told(standing);
    if (standing->handler)
        standing->handler(standing->user, &before, standing_report(standing));
}

/* error is -errno or 0. */
__attribute__((format(printf, 4, 5))) static void set_standing(struct standing *standing,
                                                               enum standing_value value, int error,
                                                               const char *reason, ...)
{
    va_list arguments;

    va_start(arguments, reason);
    vsnprintf(standing->reason, sizeof(standing->reason), reason, arguments);
    va_end(arguments);
    standing->report.standing = value;
    standing->report.error = -error;
    if (!standing->report.stale)
        publish(standing);
}

/* Why the kernel can't be looked at; whoever calls it publishes. */
static void set_stale(struct standing *standing, int error, const char *reason)
{
    const char *hint =
        standing->report.last_look == STANDING_NEVER ? standing->config.blind_hint : NULL;

    standing->report.stale = true;
    standing->report.look_error = -error;
    snprintf(standing->look_reason, sizeof(standing->look_reason), "%s%s%s", reason,
             hint ? "; " : "", hint ? hint : "");
}

static void set_fresh(struct standing *standing)
{
    standing->report.stale = false;
    standing->report.look_error = 0;
    standing->look_reason[0] = '\0';
}

struct standing *standing_new(const struct standing_config *config, standing_handler handler,
                              void *user)
{
    struct standing *standing = calloc(1, sizeof(*standing));

    if (!standing)
        return NULL;
    standing->config = *config;
    standing->handler = handler;
    standing->user = user;
    snprintf(standing->reason, sizeof(standing->reason), "%s", "starting");
    standing->report = (struct standing_report){.standing = STANDING_DENIED,
                                                .reason = standing->reason,
                                                .look_reason = standing->look_reason,
                                                .stale = true,
                                                .last_look = STANDING_NEVER,
                                                .look_cost_usec = -1};
    remember_told(standing);
    standing->look_began = standing->drained_at = -STANDING_NEVER;
    return standing;
}

struct standing *standing_free(struct standing *standing)
{
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

void standing_set_budget(struct standing *standing, uint32_t budget_ppm)
{
    standing->config.budget_ppm = budget_ppm;
}

/* The interval at which looks cost no more than their budget. */
static int64_t budget_interval(const struct standing *standing)
{
    const struct standing_config *config = &standing->config;
    int64_t cost = max_time(standing->report.look_cost_usec, 0);

    return max_time(config->interval_min_usec,
                    min_time(config->interval_max_usec, cost * 1000000 / config->budget_ppm));
}

static int64_t polling_interval(const struct standing *standing)
{
    return standing->consumers ? budget_interval(standing) : standing->config.interval_max_usec;
}

static int64_t look_interval(const struct standing *standing)
{
    switch (standing->report.standing) {
    case STANDING_DENIED:
    case STANDING_INCOMPLETE:
        return standing->config.mode == STANDING_SUBSCRIBE ? standing->config.audit_usec
                                                           : polling_interval(standing);
    case STANDING_UNPROVEN:
        return min_time(standing->proving_interval, standing->config.audit_usec);
    case STANDING_TRUSTED:
    case STANDING_COUNT:
        break;
    }
    return standing->config.audit_usec;
}

static enum standing_cadence cadence(const struct standing *standing)
{
    if (!standing->open || standing->failures >= FAILURES_UNTIL_STALE)
        return STANDING_RETRY;
    switch (standing->report.standing) {
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

/* When the next look is due, if nothing else happens. */
static int64_t look_due(const struct standing *standing)
{
    int64_t due = after(standing->look_began, look_interval(standing));
    int64_t urgent = max_time(standing->report.look_cost_usec, 0) * URGENT_COST_FACTOR;

    if (standing->wanted_soon)
        due = min_time(due, after(standing->look_began, budget_interval(standing)));
    if (standing->wanted_now)
        due = min_time(due, after(standing->look_began, urgent));
    return max_time(due, standing->retrying.at);
}

static void forget_suspects(struct standing *standing)
{
    standing->suspects.count = 0;
}

/* A suspect that was not told of in time: the subscription is incomplete. What is
 * still queued came in time, however late it is read (the process may have been
 * stopped), so an empty queue must have been seen since. */
static void judge_suspects(struct standing *standing)
{
    int ifindex;
    size_t overdue = suspects_overdue(&standing->suspects, standing->drained_at, &ifindex);

    if (!overdue)
        return;
    standing->report.contradictions += overdue;
    standing->known_incomplete = true;
    set_standing(standing, STANDING_INCOMPLETE, 0,
                 "a look showed a change of link %d that the subscription did not tell", ifindex);
    forget_suspects(standing);
}

static bool wants_to_join(const struct standing *standing)
{
    return standing->config.mode != STANDING_POLL && !standing->joined;
}

static void forget_socket(struct standing *standing)
{
    standing->open = false;
    standing->joined = false;
    standing->looking = false;
    standing->congested = false;
    standing_answered(standing);
    /* Who waits for a look still does. */
    standing->wanted_now |= standing->look_is_urgent;
    standing->look_is_urgent = false;
    forget_suspects(standing);
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
    /* In one step, for those who are told. */
    set_stale(standing, error, what);
    set_standing(standing, STANDING_DENIED, error, "%s", what);
    publish(standing);
}

enum standing_action standing_next(struct standing *standing, int64_t now, int64_t *ret_deadline)
{
    int64_t deadline;

    if (standing->looking && standing->drained_at >= after(standing->look_began, LOOK_TIMEOUT))
        give_up_socket(standing, now, -ETIMEDOUT, "the kernel's answer did not come to its end");
    if (standing->close_wanted) {
        standing->close_wanted = false;
        return STANDING_CLOSE;
    }
    judge_suspects(standing);
    if (!standing->open) {
        if (now >= standing->opening.at)
            return STANDING_OPEN;
        *ret_deadline = standing->opening.at;
        return STANDING_WAIT;
    }
    if (wants_to_join(standing) && now >= standing->joining.at)
        return STANDING_JOIN;
    if (question_is_due(&standing->question, standing->drained_at))
        return STANDING_ASK;
    if (question_is_hopeless(&standing->question, standing->drained_at))
        return STANDING_LEAVE;
    if (!standing->looking && !standing->question.ifindex && now >= look_due(standing))
        return STANDING_DUMP;

    deadline = standing->looking ? after(standing->look_began, LOOK_TIMEOUT) : look_due(standing);
    if (standing->question.ifindex)
        deadline = question_next(&standing->question);
    if (wants_to_join(standing))
        deadline = min_time(deadline, standing->joining.at);
    *ret_deadline = min_time(deadline, suspects_next(&standing->suspects));
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
    standing->look_began = -STANDING_NEVER;
    backoff_reset(&standing->joining);
    if (standing->config.mode == STANDING_POLL)
        set_standing(standing, STANDING_DENIED, 0, "told to poll (--source poll)");
}

void standing_broken(struct standing *standing, int64_t now, int error)
{
    give_up_socket(standing, now, error, "receiving from the netlink socket failed");
}

static void begin_proof(struct standing *standing, int64_t now)
{
    standing->proving_interval = budget_interval(standing);
    standing->proof_began = now;
}

void standing_joined(struct standing *standing, int64_t now, int error)
{
    if (error) {
        backoff_push(&standing->joining, now, JOIN_DELAY_MIN, JOIN_DELAY_MAX);
        set_standing(standing, STANDING_DENIED, error, "joining RTNLGRP_LINK was refused");
        return;
    }
    standing->joined = true;
    /* What happened before the join was never to be told: a look that begins now
     * fills the gap, and neither it nor the one under way proves anything. */
    standing->wanted_now = true;
    standing->excuse_next = true;
    standing->look_excused = true;
    if (standing->config.mode == STANDING_SUBSCRIBE) {
        set_standing(standing, STANDING_TRUSTED, 0, "told to believe it (--source subscribe)");
    } else if (standing->known_incomplete) {
        set_standing(standing, STANDING_INCOMPLETE, 0,
                     "the subscription did not tell everything before");
    } else {
        begin_proof(standing, now);
        set_standing(standing, STANDING_UNPROVEN, 0,
                     "joined RTNLGRP_LINK; looks have yet to agree with it");
    }
}

/* 0 if it is tried again before anybody is told, else the error. */
static int look_failed(struct standing *standing, int64_t now, int error)
{
    standing->failures++;
    standing->wanted_now = true;
    backoff_push(&standing->retrying, now, RETRY_DELAY_MIN, RETRY_DELAY_MAX);
    if (standing->failures < FAILURES_UNTIL_STALE)
        return 0;
    standing->look_is_urgent = false;
    return error;
}

static int dump_failed(struct standing *standing, int64_t now, int error)
{
    bool was_stale = standing->report.stale && standing->report.look_error;
    const char *what = error == -ENODATA    ? "the kernel's answer is empty"
                       : error == -EMSGSIZE ? "the kernel's answer was truncated"
                                            : "the kernel does not list its links";

    if (look_failed(standing, now, error) == 0)
        return 0;
    set_stale(standing, error, what);
    /* Another error of a picture that was stale before is no news, but it counts. */
    if (!was_stale)
        publish(standing);
    return error;
}

void standing_dump_begun(struct standing *standing, int64_t now, int error)
{
    standing->look_began = now;
    if (error) {
        /* A socket that can't be asked is opened anew, now and then. */
        if (look_failed(standing, now, error) < 0)
            give_up_socket(standing, now, error, "asking the kernel for its links was refused");
        return;
    }
    standing->looking = true;
    standing->surprised = false;
    standing->look_excused = standing->excuse_next || standing->congested;
    standing->look_is_urgent |= standing->wanted_now;
    standing->excuse_next = false;
    standing->wanted_now = false;
    standing->wanted_soon = false;
}

bool standing_wants_cpu_time(const struct standing *standing)
{
    return price_wants_cpu_time(&standing->price);
}

void standing_doubt(struct standing *standing, int ifindex)
{
    question_set(&standing->question, ifindex);
}

void standing_asked(struct standing *standing, int64_t now)
{
    question_asked(&standing->question, now);
}

void standing_answered(struct standing *standing)
{
    question_answered(&standing->question);
}

/* A look that nothing excuses agreed with the subscription, or did not. */
static void weigh_look(struct standing *standing)
{
    if (standing->report.standing != STANDING_UNPROVEN || standing->look_excused)
        return;
    if (standing->surprised || standing->suspects.count) {
        begin_proof(standing, standing->look_began);
        return;
    }
    /* Looks on demand, close together, prove no more than the time they span. */
    if (standing->look_began < after(standing->proof_began, look_interval(standing)))
        return;
    standing->proof_began = standing->look_began;
    standing->proving_interval =
        min_time(standing->proving_interval * 2, standing->config.audit_usec);
    if (standing->proving_interval >= standing->config.audit_usec)
        set_standing(standing, STANDING_TRUSTED, 0,
                     "looks agreed with the subscription up to the audit interval");
}

static void look_succeeded(struct standing *standing, int64_t now, const struct standing_dump *dump)
{
    standing->failures = 0;
    standing->interrupted = 0;
    backoff_reset(&standing->retrying);
    /* A socket that works for a moment, again and again, does not count. */
    if (now >= after(standing->opened_at, OPEN_DELAY_MAX))
        backoff_reset(&standing->opening);
    standing->report.last_look = now;
    price_add(&standing->price, &dump->cost);
    standing->report.look_cost_usec = price_usec(&standing->price);
    set_fresh(standing);
    if (!dump->native && standing->joined && standing->config.mode == STANDING_AUTO) {
        standing->known_incomplete = true;
        set_standing(standing, STANDING_INCOMPLETE, 0,
                     "the kernel's answers are not those of a native Linux");
    }
    weigh_look(standing);
    publish(standing);
}

/* 0, -EINTR if the dump does not show all, or why it shows nothing. */
static int error_of(const struct standing *standing, const struct standing_dump *dump)
{
    int error = dump->error;

    if (error == 0 && dump->unsettled)
        error = -EINTR;
    if (dump->told || dump->empty)
        return error;
    /* An answer without links is mostly one that had no room. */
    if (error == 0 || (error == -EINTR && standing->interrupted + 1 >= INTERRUPTED_UNTIL_BELIEVED))
        return -ENODATA;
    return error;
}

int standing_dump_ended(struct standing *standing, int64_t now, const struct standing_dump *dump)
{
    int error = error_of(standing, dump);

    standing->looking = false;
    /* What an excused look did not come to tell, or left to be confirmed, the next one
     * tells: the excuse is the same. */
    if (standing->look_excused && (error || dump->missing))
        standing->excuse_next = true;
    if (error == -EINTR && ++standing->interrupted < INTERRUPTED_UNTIL_BELIEVED) {
        standing->wanted_now |= standing->look_is_urgent;
        standing->wanted_soon = true;
        return 0;
    }
    if (error && error != -EINTR)
        return dump_failed(standing, now, error);
    look_succeeded(standing, now, dump);
    if (dump->missing || standing->congested) {
        standing->wanted_now = true;
        return 0;
    }
    if (!standing->look_is_urgent)
        return 0;
    standing->look_is_urgent = false;
    return 1;
}

void standing_notified(struct standing *standing, int ifindex)
{
    suspects_clear(&standing->suspects, ifindex);
}

void standing_surprised(struct standing *standing, int64_t now, int ifindex)
{
    bool believed = standing->report.standing == STANDING_UNPROVEN ||
                    standing->report.standing == STANDING_TRUSTED;

    if (!believed || standing->config.mode != STANDING_AUTO || standing->look_excused)
        return;
    standing->surprised = true;
    if (standing->report.standing == STANDING_TRUSTED) {
        begin_proof(standing, standing->look_began);
        set_standing(standing, STANDING_UNPROVEN, 0,
                     "a look showed a change of link %d first; looks have to agree anew", ifindex);
    }
    suspects_add(&standing->suspects, ifindex, after(now, GRACE));
}

void standing_overrun(struct standing *standing)
{
    standing->congested = true;
    standing->look_excused = true;
    forget_suspects(standing);
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
    standing->wanted_now = true;
}

void standing_dump_soon(struct standing *standing)
{
    standing->wanted_soon = true;
}

void standing_consumers(struct standing *standing, size_t count)
{
    bool first = standing->consumers == 0 && count > 0;

    standing->consumers = count;
    if (first && standing->report.standing != STANDING_TRUSTED)
        standing_dump_now(standing);
}

const struct standing_report *standing_report(struct standing *standing)
{
    standing->report.cadence = cadence(standing);
    standing->report.interval_usec = standing->failures >= FAILURES_UNTIL_STALE
                                         ? standing->retrying.delay
                                         : look_interval(standing);
    if (!standing->open)
        standing->report.interval_usec = standing->opening.delay;
    return &standing->report;
}

const char *standing_name(enum standing_value value)
{
    static const char *const names[STANDING_COUNT] = {
        [STANDING_DENIED] = "denied",
        [STANDING_UNPROVEN] = "unproven",
        [STANDING_TRUSTED] = "trusted",
        [STANDING_INCOMPLETE] = "incomplete",
    };

    return names[value];
}

const char *standing_cadence_name(enum standing_cadence cadence_)
{
    static const char *const names[STANDING_CADENCE_COUNT] = {
        [STANDING_POLLING] = "polling", [STANDING_PROVING] = "proving", [STANDING_AUDIT] = "audit",
        [STANDING_RETRY] = "retry",     [STANDING_IDLE] = "idle",
    };

    return names[cadence_];
}
