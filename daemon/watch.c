/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/watch.h"

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

struct watch {
    struct watch_config config;
    watch_handler handler;
    void *user;
    struct watch_report report;
    char reason[160];
    char look_reason[240];
    /* As it was told last. */
    struct watch_report told;
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

static bool says_the_same(const struct watch_report *a, const struct watch_report *b)
{
    return a->standing == b->standing && a->error == b->error && a->stale == b->stale &&
           a->look_error == b->look_error && strcmp(a->reason, b->reason) == 0 &&
           strcmp(a->look_reason, b->look_reason) == 0;
}

static void remember_told(struct watch *watch)
{
    watch->told = watch->report;
    watch->told.reason = memcpy(watch->told_reason, watch->reason, sizeof(watch->reason));
    watch->told.look_reason =
        memcpy(watch->told_look_reason, watch->look_reason, sizeof(watch->look_reason));
}

/* Tells the report, if it differs from what was told. */
static void publish(struct watch *watch)
{
    struct watch_report before = watch->told;
    char reason[sizeof(watch->reason)];
    char look_reason[sizeof(watch->look_reason)];

    if (says_the_same(&before, &watch->report))
        return;
    before.reason = memcpy(reason, watch->told_reason, sizeof(reason));
    before.look_reason = memcpy(look_reason, watch->told_look_reason, sizeof(look_reason));
    remember_told(watch);
    if (watch->handler)
        watch->handler(watch->user, &before, watch_report(watch));
}

/* error is -errno or 0. */
__attribute__((format(printf, 4, 5))) static void set_standing(struct watch *watch,
                                                               enum watch_standing standing,
                                                               int error, const char *reason, ...)
{
    va_list arguments;

    va_start(arguments, reason);
    vsnprintf(watch->reason, sizeof(watch->reason), reason, arguments);
    va_end(arguments);
    watch->report.standing = standing;
    watch->report.error = -error;
    if (!watch->report.stale)
        publish(watch);
}

/* Why the kernel can't be looked at; whoever calls it publishes. */
static void set_stale(struct watch *watch, int error, const char *reason)
{
    const char *hint = watch->report.last_look == WATCH_NEVER ? watch->config.blind_hint : NULL;

    watch->report.stale = true;
    watch->report.look_error = -error;
    snprintf(watch->look_reason, sizeof(watch->look_reason), "%s%s%s", reason, hint ? "; " : "",
             hint ? hint : "");
}

static void set_fresh(struct watch *watch)
{
    watch->report.stale = false;
    watch->report.look_error = 0;
    watch->look_reason[0] = '\0';
}

struct watch *watch_new(const struct watch_config *config, watch_handler handler, void *user)
{
    struct watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    watch->config = *config;
    watch->handler = handler;
    watch->user = user;
    snprintf(watch->reason, sizeof(watch->reason), "%s", "starting");
    watch->report = (struct watch_report){.standing = WATCH_DENIED,
                                          .reason = watch->reason,
                                          .look_reason = watch->look_reason,
                                          .stale = true,
                                          .last_look = WATCH_NEVER,
                                          .look_cost_usec = -1};
    remember_told(watch);
    watch->look_began = watch->drained_at = -WATCH_NEVER;
    return watch;
}

struct watch *watch_free(struct watch *watch)
{
    free(watch);
    return NULL;
}

void watch_reconfigure(struct watch *watch, const struct watch_config *config)
{
    struct watch_config before = watch->config;

    watch->config = *config;
    watch->config.mode = before.mode;
    watch->config.blind_hint = before.blind_hint;
}

void watch_set_budget(struct watch *watch, uint32_t budget_ppm)
{
    watch->config.budget_ppm = budget_ppm;
}

/* The interval at which looks cost no more than their budget. */
static int64_t budget_interval(const struct watch *watch)
{
    const struct watch_config *config = &watch->config;
    int64_t cost = max_time(watch->report.look_cost_usec, 0);

    return max_time(config->interval_min_usec,
                    min_time(config->interval_max_usec, cost * 1000000 / config->budget_ppm));
}

static int64_t polling_interval(const struct watch *watch)
{
    return watch->consumers ? budget_interval(watch) : watch->config.interval_max_usec;
}

static int64_t look_interval(const struct watch *watch)
{
    switch (watch->report.standing) {
    case WATCH_DENIED:
    case WATCH_INCOMPLETE:
        return watch->config.mode == WATCH_SUBSCRIBE ? watch->config.audit_usec
                                                     : polling_interval(watch);
    case WATCH_UNPROVEN:
        return min_time(watch->proving_interval, watch->config.audit_usec);
    case WATCH_TRUSTED:
    case WATCH_STANDING_COUNT:
        break;
    }
    return watch->config.audit_usec;
}

static enum watch_cadence cadence(const struct watch *watch)
{
    if (!watch->open || watch->failures >= FAILURES_UNTIL_STALE)
        return WATCH_RETRY;
    switch (watch->report.standing) {
    case WATCH_DENIED:
    case WATCH_INCOMPLETE:
        if (watch->config.mode == WATCH_SUBSCRIBE)
            return WATCH_AUDIT;
        return watch->consumers ? WATCH_POLLING : WATCH_IDLE;
    case WATCH_UNPROVEN:
        return WATCH_PROVING;
    case WATCH_TRUSTED:
    case WATCH_STANDING_COUNT:
        break;
    }
    return WATCH_AUDIT;
}

/* When the next look is due, if nothing else happens. */
static int64_t look_due(const struct watch *watch)
{
    int64_t due = after(watch->look_began, look_interval(watch));
    int64_t urgent = max_time(watch->report.look_cost_usec, 0) * URGENT_COST_FACTOR;

    if (watch->wanted_soon)
        due = min_time(due, after(watch->look_began, budget_interval(watch)));
    if (watch->wanted_now)
        due = min_time(due, after(watch->look_began, urgent));
    return max_time(due, watch->retrying.at);
}

static void forget_suspects(struct watch *watch)
{
    watch->suspects.count = 0;
}

/* A suspect that was not told of in time: the subscription is incomplete. What is
 * still queued came in time, however late it is read (the process may have been
 * stopped), so an empty queue must have been seen since. */
static void judge_suspects(struct watch *watch)
{
    int ifindex;
    size_t overdue = suspects_overdue(&watch->suspects, watch->drained_at, &ifindex);

    if (!overdue)
        return;
    watch->report.contradictions += overdue;
    watch->known_incomplete = true;
    set_standing(watch, WATCH_INCOMPLETE, 0,
                 "a look showed a change of link %d that the subscription did not tell", ifindex);
    forget_suspects(watch);
}

static bool wants_to_join(const struct watch *watch)
{
    return watch->config.mode != WATCH_POLL && !watch->joined;
}

static void forget_socket(struct watch *watch)
{
    watch->open = false;
    watch->joined = false;
    watch->looking = false;
    watch->congested = false;
    watch_answered(watch);
    /* Who waits for a look still does. */
    watch->wanted_now |= watch->look_is_urgent;
    watch->look_is_urgent = false;
    forget_suspects(watch);
}

void watch_let_go(struct watch *watch)
{
    forget_socket(watch);
    backoff_reset(&watch->opening);
}

/* The socket is of no use, or there is none; it is tried again with a growing delay. */
static void give_up_socket(struct watch *watch, int64_t now, int error, const char *what)
{
    watch->close_wanted |= watch->open;
    forget_socket(watch);
    backoff_push(&watch->opening, now, OPEN_DELAY_MIN, OPEN_DELAY_MAX);
    /* In one step, for those who are told. */
    set_stale(watch, error, what);
    set_standing(watch, WATCH_DENIED, error, "%s", what);
    publish(watch);
}

enum watch_action watch_next(struct watch *watch, int64_t now, int64_t *ret_deadline)
{
    int64_t deadline;

    if (watch->looking && watch->drained_at >= after(watch->look_began, LOOK_TIMEOUT))
        give_up_socket(watch, now, -ETIMEDOUT, "the kernel's answer did not come to its end");
    if (watch->close_wanted) {
        watch->close_wanted = false;
        return WATCH_CLOSE;
    }
    judge_suspects(watch);
    if (!watch->open) {
        if (now >= watch->opening.at)
            return WATCH_OPEN;
        *ret_deadline = watch->opening.at;
        return WATCH_WAIT;
    }
    if (wants_to_join(watch) && now >= watch->joining.at)
        return WATCH_JOIN;
    if (question_is_due(&watch->question, watch->drained_at))
        return WATCH_ASK;
    if (question_is_hopeless(&watch->question, watch->drained_at))
        return WATCH_LEAVE;
    if (!watch->looking && !watch->question.ifindex && now >= look_due(watch))
        return WATCH_LOOK;

    deadline = watch->looking ? after(watch->look_began, LOOK_TIMEOUT) : look_due(watch);
    if (watch->question.ifindex)
        deadline = question_next(&watch->question);
    if (wants_to_join(watch))
        deadline = min_time(deadline, watch->joining.at);
    *ret_deadline = min_time(deadline, suspects_next(&watch->suspects));
    return WATCH_WAIT;
}

void watch_opened(struct watch *watch, int64_t now, int error)
{
    if (error) {
        give_up_socket(watch, now, error, "the netlink socket cannot be opened");
        return;
    }
    watch->open = true;
    watch->opened_at = now;
    watch->excuse_next = true;
    watch->wanted_now = true;
    watch->look_began = -WATCH_NEVER;
    backoff_reset(&watch->joining);
    if (watch->config.mode == WATCH_POLL)
        set_standing(watch, WATCH_DENIED, 0, "told to poll (--source poll)");
}

void watch_broken(struct watch *watch, int64_t now, int error)
{
    give_up_socket(watch, now, error, "receiving from the netlink socket failed");
}

static void begin_proof(struct watch *watch, int64_t now)
{
    watch->proving_interval = budget_interval(watch);
    watch->proof_began = now;
}

void watch_joined(struct watch *watch, int64_t now, int error)
{
    if (error) {
        backoff_push(&watch->joining, now, JOIN_DELAY_MIN, JOIN_DELAY_MAX);
        set_standing(watch, WATCH_DENIED, error, "joining RTNLGRP_LINK was refused");
        return;
    }
    watch->joined = true;
    /* What happened before the join was never to be told: a look that begins now
     * fills the gap, and neither it nor the one under way proves anything. */
    watch->wanted_now = true;
    watch->excuse_next = true;
    watch->look_excused = true;
    if (watch->config.mode == WATCH_SUBSCRIBE) {
        set_standing(watch, WATCH_TRUSTED, 0, "told to believe it (--source subscribe)");
    } else if (watch->known_incomplete) {
        set_standing(watch, WATCH_INCOMPLETE, 0, "the subscription did not tell everything before");
    } else {
        begin_proof(watch, now);
        set_standing(watch, WATCH_UNPROVEN, 0,
                     "joined RTNLGRP_LINK; looks have yet to agree with it");
    }
}

/* 0 if it is tried again before anybody is told, else the error. */
static int look_failed(struct watch *watch, int64_t now, int error)
{
    watch->failures++;
    watch->wanted_now = true;
    backoff_push(&watch->retrying, now, RETRY_DELAY_MIN, RETRY_DELAY_MAX);
    if (watch->failures < FAILURES_UNTIL_STALE)
        return 0;
    watch->look_is_urgent = false;
    return error;
}

static int dump_failed(struct watch *watch, int64_t now, int error)
{
    bool was_stale = watch->report.stale && watch->report.look_error;
    const char *what = error == -ENODATA    ? "the kernel's answer is empty"
                       : error == -EMSGSIZE ? "the kernel's answer was truncated"
                                            : "the kernel does not list its links";

    if (look_failed(watch, now, error) == 0)
        return 0;
    set_stale(watch, error, what);
    /* Another error of a picture that was stale before is no news, but it counts. */
    if (!was_stale)
        publish(watch);
    return error;
}

void watch_look_begun(struct watch *watch, int64_t now, int error)
{
    watch->look_began = now;
    if (error) {
        /* A socket that can't be asked is opened anew, now and then. */
        if (look_failed(watch, now, error) < 0)
            give_up_socket(watch, now, error, "asking the kernel for its links was refused");
        return;
    }
    watch->looking = true;
    watch->surprised = false;
    watch->look_excused = watch->excuse_next || watch->congested;
    watch->look_is_urgent |= watch->wanted_now;
    watch->excuse_next = false;
    watch->wanted_now = false;
    watch->wanted_soon = false;
}

void watch_doubt(struct watch *watch, int ifindex)
{
    question_set(&watch->question, ifindex);
}

void watch_asked(struct watch *watch, int64_t now)
{
    question_asked(&watch->question, now);
}

void watch_answered(struct watch *watch)
{
    question_answered(&watch->question);
}

/* A look that nothing excuses agreed with the subscription, or did not. */
static void weigh_look(struct watch *watch)
{
    if (watch->report.standing != WATCH_UNPROVEN || watch->look_excused)
        return;
    if (watch->surprised || watch->suspects.count) {
        begin_proof(watch, watch->look_began);
        return;
    }
    /* Looks on demand, close together, prove no more than the time they span. */
    if (watch->look_began < after(watch->proof_began, look_interval(watch)))
        return;
    watch->proof_began = watch->look_began;
    watch->proving_interval = min_time(watch->proving_interval * 2, watch->config.audit_usec);
    if (watch->proving_interval >= watch->config.audit_usec)
        set_standing(watch, WATCH_TRUSTED, 0,
                     "looks agreed with the subscription up to the audit interval");
}

static void look_succeeded(struct watch *watch, int64_t now, const struct watch_dump *dump)
{
    watch->failures = 0;
    watch->interrupted = 0;
    backoff_reset(&watch->retrying);
    /* A socket that works for a moment, again and again, does not count. */
    if (now >= after(watch->opened_at, OPEN_DELAY_MAX))
        backoff_reset(&watch->opening);
    watch->report.last_look = now;
    price_add(&watch->price, &dump->cost);
    watch->report.look_cost_usec = price_usec(&watch->price);
    set_fresh(watch);
    if (!dump->native && watch->joined && watch->config.mode == WATCH_AUTO) {
        watch->known_incomplete = true;
        set_standing(watch, WATCH_INCOMPLETE, 0,
                     "the kernel's answers are not those of a native Linux");
    }
    weigh_look(watch);
    publish(watch);
}

/* 0, -EINTR if the dump does not show all, or why it shows nothing. */
static int error_of(const struct watch *watch, const struct watch_dump *dump)
{
    int error = dump->error;

    if (error == 0 && dump->unsettled)
        error = -EINTR;
    if (dump->told || dump->empty)
        return error;
    /* An answer without links is mostly one that had no room. */
    if (error == 0 || (error == -EINTR && watch->interrupted + 1 >= INTERRUPTED_UNTIL_BELIEVED))
        return -ENODATA;
    return error;
}

int watch_look_ended(struct watch *watch, int64_t now, const struct watch_dump *dump)
{
    int error = error_of(watch, dump);

    watch->looking = false;
    /* What an excused look did not come to tell, or left to be confirmed, the next one
     * tells: the excuse is the same. */
    if (watch->look_excused && (error || dump->missing))
        watch->excuse_next = true;
    if (error == -EINTR && ++watch->interrupted < INTERRUPTED_UNTIL_BELIEVED) {
        watch->wanted_now |= watch->look_is_urgent;
        watch->wanted_soon = true;
        return 0;
    }
    if (error && error != -EINTR)
        return dump_failed(watch, now, error);
    look_succeeded(watch, now, dump);
    if (dump->missing || watch->congested) {
        watch->wanted_now = true;
        return 0;
    }
    if (!watch->look_is_urgent)
        return 0;
    watch->look_is_urgent = false;
    return 1;
}

void watch_notified(struct watch *watch, int ifindex)
{
    suspects_clear(&watch->suspects, ifindex);
}

void watch_surprised(struct watch *watch, int64_t now, int ifindex)
{
    bool believed =
        watch->report.standing == WATCH_UNPROVEN || watch->report.standing == WATCH_TRUSTED;

    if (!believed || watch->config.mode != WATCH_AUTO || watch->look_excused)
        return;
    watch->surprised = true;
    if (watch->report.standing == WATCH_TRUSTED) {
        begin_proof(watch, watch->look_began);
        set_standing(watch, WATCH_UNPROVEN, 0,
                     "a look showed a change of link %d first; looks have to agree anew", ifindex);
    }
    suspects_add(&watch->suspects, ifindex, after(now, GRACE));
}

void watch_overrun(struct watch *watch)
{
    watch->congested = true;
    watch->look_excused = true;
    forget_suspects(watch);
}

void watch_drained(struct watch *watch, int64_t now)
{
    watch->drained_at = now;
    if (!watch->congested)
        return;
    watch->congested = false;
    watch->excuse_next = true;
    watch->wanted_soon = true;
}

void watch_look_now(struct watch *watch)
{
    watch->wanted_now = true;
}

void watch_look_soon(struct watch *watch)
{
    watch->wanted_soon = true;
}

void watch_consumers(struct watch *watch, size_t count)
{
    bool first = watch->consumers == 0 && count > 0;

    watch->consumers = count;
    if (first && watch->report.standing != WATCH_TRUSTED)
        watch_look_now(watch);
}

const struct watch_report *watch_report(struct watch *watch)
{
    watch->report.cadence = cadence(watch);
    watch->report.interval_usec =
        watch->failures >= FAILURES_UNTIL_STALE ? watch->retrying.delay : look_interval(watch);
    if (!watch->open)
        watch->report.interval_usec = watch->opening.delay;
    return &watch->report;
}

const char *watch_standing_name(enum watch_standing standing)
{
    static const char *const names[WATCH_STANDING_COUNT] = {
        [WATCH_DENIED] = "denied",
        [WATCH_UNPROVEN] = "unproven",
        [WATCH_TRUSTED] = "trusted",
        [WATCH_INCOMPLETE] = "incomplete",
    };

    return names[standing];
}

const char *watch_cadence_name(enum watch_cadence cadence_)
{
    static const char *const names[WATCH_CADENCE_COUNT] = {
        [WATCH_POLLING] = "polling", [WATCH_PROVING] = "proving", [WATCH_AUDIT] = "audit",
        [WATCH_RETRY] = "retry",     [WATCH_IDLE] = "idle",
    };

    return names[cadence_];
}
