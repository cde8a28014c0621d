/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/follower.h"
#include "protocol/clock.h"

static void note_last_dump(struct follower *follower)
{
    int64_t last_dump = standing_report(follower->standing)->last_dump;

    if (last_dump == follower->last_dump)
        return;
    follower->last_dump = last_dump;
    follower->last_dump_usec = clock_usec(CLOCK_REALTIME);
}

static void on_report(void *user, const struct standing_report *before,
                      const struct standing_report *after)
{
    struct follower *follower = user;

    note_last_dump(follower);
    follower->reported(follower->user, before, after);
}

bool follower_init(struct follower *follower, const struct follower_config *config,
                   standing_handler reported, void *user)
{
    *follower = (struct follower){.counters = follower->counters,
                                  .reported = reported,
                                  .user = user,
                                  .last_dump = STANDING_NEVER,
                                  .last_dump_usec = -1};
    follower->standing = standing_new(config->standing, &config->subject->words, config->budget,
                                      on_report, follower);
    follower->intake = (struct intake){.subject = config->subject,
                                       .objects = config->objects,
                                       .standing = follower->standing,
                                       .quota = config->quota,
                                       .counters = &follower->counters.received};
    return follower->standing;
}

void follower_clear(struct follower *follower)
{
    follower->counters = follower_counters(follower);
    follower->standing = standing_free(follower->standing);
}

void follower_opened(struct follower *follower, int64_t now, int error)
{
    if (error == 0)
        follower->fresh = false;
    standing_opened(follower->standing, now, error);
}

void follower_closed(struct follower *follower, int error)
{
    follower->counters.dumps_failed += follower_is_dumping(follower);
    follower->joined = false;
    follower->has_dumped = true;
    intake_reset(&follower->intake);
    dump_requests_fail(&follower->requests, error);
}

void follower_joined(struct follower *follower, int64_t now, int error)
{
    follower->counters.joins++;
    follower->joined = error == 0;
    standing_joined(follower->standing, now, error);
}

void follower_dump_begun(struct follower *follower, int64_t now, int error)
{
    follower->counters.dumps++;
    if (error < 0) {
        follower->counters.dumps_failed++;
    } else {
        follower->intake.dumping = true;
        dump_requests_begin(&follower->requests);
    }
    standing_dump_begun(follower->standing, now, error);
}

void follower_charge(struct follower *follower, const struct price_measure *took)
{
    follower->cost.cpu_usec += took->cpu_usec;
    follower->cost.wall_usec += took->wall_usec;
}

bool follower_is_dumping(const struct follower *follower)
{
    return follower->intake.dumping || follower->intake.settling;
}

void follower_settle(struct follower *follower, int64_t now)
{
    struct intake *intake = &follower->intake;
    struct standing_dump *dump = &intake->dump;
    int r;

    if (!intake->settling || intake->subject->query(intake->objects))
        return;
    intake->settling = false;
    dump->cost = follower->cost;
    follower->cost = (struct price_measure){.cpu_usec = 0};
    dump->unsettled = intake->subject->unsettled(intake->objects);
    dump->empty &= intake->subject->count(intake->objects) == 0;
    if (dump->error || !(dump->lines || dump->empty))
        follower->counters.dumps_failed++;
    r = standing_dump_ended(follower->standing, now, dump);
    note_last_dump(follower);
    if (r != 0)
        dump_requests_end(&follower->requests, r < 0 ? r : 0);
    if (r != 0 || standing_report(follower->standing)->last_dump != STANDING_NEVER)
        follower->has_dumped = follower->fresh = true;
}

bool follower_has_all(const struct follower *follower)
{
    const struct intake *intake = &follower->intake;
    const struct standing_dump *dump = &intake->dump;

    return intake->settling && intake->alone && dump->lines && !dump->error && !dump->missing;
}

uint64_t follower_request_dump(struct follower *follower, int64_t now)
{
    standing_dump_now(follower->standing);
    standing_activate(follower->standing, now);
    return dump_requests_add(&follower->requests);
}

struct follower_counters follower_counters(const struct follower *follower)
{
    struct follower_counters counters = follower->counters;

    if (follower->standing)
        counters.contradictions += standing_report(follower->standing)->contradictions;
    return counters;
}

void follower_describe(const struct follower *follower, struct source_state *ret)
{
    const struct standing_report *report = standing_report(follower->standing);
    bool failed = report->stale && report->dump_error;

    *ret = (struct source_state){
        .standing = standing_name(report->standing),
        .reason = failed ? report->dump_reason : report->reason,
        .error = failed ? report->dump_error : report->error,
        .stale = report->stale,
        .last_dump_usec = follower->last_dump_usec,
    };
}
