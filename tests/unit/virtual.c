/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/virtual.h"

#include <errno.h>
#include <string.h>

static const struct standing_config usual = {
    .audit_usec = AUDIT,
};

static void on_report(void *user, const struct standing_report *before,
                      const struct standing_report *after)
{
    struct virtual *virtual = user;

    /* A report differs from the one before. */
    assert_true(before->standing != after->standing || before->stale != after->stale ||
                before->error != after->error || strcmp(before->reason, after->reason) != 0 ||
                before->dump_error != after->dump_error ||
                strcmp(before->dump_reason, after->dump_reason) != 0);
    virtual->reports++;
    virtual->before = before->standing;
}

static const struct subject_words words = {
    .groups = "RTNLGRP_LINK", .objects = "links", .object = "link"};

static void start(struct virtual *virtual, const struct standing_config *config)
{
    *virtual = (struct virtual){
        .now = 1000 * SEC,
        .dump = {.lines = 3, .native = true, .cost.cpu_usec = 100},
        .dump_takes = 1 * MSEC,
    };
    budget_set(&virtual->budget, BUDGET_PPM, INTERVAL_MIN, INTERVAL_MAX);
    virtual->part.budget = &virtual->budget;
    virtual->standing = standing_new(config, &words, &virtual->part, on_report, virtual);
    assert_non_null(virtual->standing);
    standing_consumers(virtual->standing, 1);
}

void virtual_start(struct virtual *virtual, enum standing_mode mode)
{
    struct standing_config config = usual;

    config.mode = mode;
    start(virtual, &config);
}

void virtual_start_with_hint(struct virtual *virtual, const char *hint)
{
    struct standing_config config = usual;

    config.blind_hint = hint;
    start(virtual, &config);
}

void virtual_stop(struct virtual *virtual)
{
    assert_null(standing_free(virtual->standing));
}

static void do_dump(struct virtual *virtual)
{
    virtual->dumps++;
    virtual->last_dump_began = virtual->now;
    virtual->dumping = virtual->ask_error == 0;
    standing_dump_begun(virtual->standing, virtual->now, virtual->ask_error);
}

/* One action; false if it waits, then up to *ret_deadline. */
static bool do_next(struct virtual *virtual, int64_t *ret_deadline)
{
    switch (standing_next(virtual->standing, virtual->now, ret_deadline)) {
    case STANDING_OPEN:
        virtual->opens++;
        standing_opened(virtual->standing, virtual->now, virtual->open_error);
        return true;
    case STANDING_CLOSE:
        virtual->closes++;
        virtual->dumping = false;
        return true;
    case STANDING_JOIN:
        virtual->joins++;
        standing_joined(virtual->standing, virtual->now, virtual->join_error);
        return true;
    case STANDING_DUMP:
        assert_false(virtual->dumping);
        do_dump(virtual);
        return true;
    case STANDING_QUERY:
        virtual->asks++;
        standing_asked(virtual->standing, virtual->now);
        return true;
    case STANDING_UNANSWERED:
        virtual->leaves++;
        standing_answered(virtual->standing);
        return true;
    case STANDING_WAIT:
        break;
    }
    return false;
}

void virtual_act(struct virtual *virtual)
{
    virtual->deadline = STANDING_NEVER;
    if (!virtual->never_drained)
        standing_drained(virtual->standing, virtual->now);
    /* None of them may be asked for again and again at one moment. */
    for (int i = 0; do_next(virtual, &virtual->deadline); i++)
        assert_int_in_range(i, 0, 20);
}

void virtual_end_dump(struct virtual *virtual)
{
    assert_true(virtual->dumping);
    virtual->dumping = false;
    virtual->dump.cost.wall_usec = 2 * virtual->dump.cost.cpu_usec;
    virtual->dump.realtime_usec = virtual->now;
    virtual->settled = standing_dump_ended(virtual->standing, virtual->now, &virtual->dump);
}

/* When something is due: what standing waits for, or the end of the dump under way. */
static int64_t next_due(const struct virtual *virtual)
{
    int64_t end = virtual->last_dump_began + virtual->dump_takes;
    int64_t due = virtual->deadline;

    if (virtual->dumping && end < due)
        due = end;
    /* A turn of the loop takes its time too. */
    return due > virtual->now ? due : virtual->now + 10;
}

/* Goes to the next moment at which something is due, at most to until; false if that
 * was reached. */
static bool step(struct virtual *virtual, int64_t until)
{
    int64_t next = next_due(virtual);

    if (next > until) {
        virtual->now = until;
        return false;
    }
    virtual->now = next;
    if (virtual->dumping && next >= virtual->last_dump_began + virtual->dump_takes)
        virtual_end_dump(virtual);
    virtual_act(virtual);
    return true;
}

void virtual_run_until(struct virtual *virtual, int64_t until)
{
    virtual_act(virtual);
    while (step(virtual, until))
        ;
}

void virtual_run(struct virtual *virtual, int64_t duration)
{
    virtual_run_until(virtual, virtual->now + duration);
}

void virtual_run_to_dump(struct virtual *virtual)
{
    unsigned dumps = virtual->dumps;

    virtual_act(virtual);
    while (virtual->dumps == dumps)
        assert_true(step(virtual, virtual->now + 3600 * SEC));
}

void virtual_run_to(struct virtual *virtual, enum standing_value standing, int64_t limit)
{
    int64_t until = virtual->now + limit;

    virtual_act(virtual);
    while (virtual_standing(virtual) != standing)
        assert_true(step(virtual, until));
}

void virtual_start_denied(struct virtual *virtual)
{
    virtual_start(virtual, STANDING_AUTO);
    virtual->join_error = -EACCES;
    virtual_run(virtual, 1 * SEC + 10 * MSEC);
}

void virtual_start_trusted(struct virtual *virtual)
{
    virtual_start(virtual, STANDING_AUTO);
    virtual_run_to(virtual, STANDING_TRUSTED, 300 * SEC);
}

unsigned virtual_dumps_a_minute(struct virtual *virtual)
{
    unsigned before = virtual->dumps;

    virtual_run(virtual, 60 * SEC);
    return virtual->dumps - before;
}

enum standing_value virtual_standing(struct virtual *virtual)
{
    return standing_report(virtual->standing)->standing;
}
