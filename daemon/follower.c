/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/follower.h"

#include "protocol/clock.h"

bool follower_init(struct follower *follower, const struct follower_config *config,
                   standing_handler handler, void *user)
{
    *follower = (struct follower){.counters = follower->counters, .until = STANDING_NEVER};
    follower->standing =
        standing_new(config->standing, &config->subject->words, config->budget, handler, user);
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
    standing_opened(follower->standing, now, error);
}

void follower_closed(struct follower *follower, int error)
{
    follower->counters.dumps_failed += follower_is_dumping(follower);
    follower->joined = follower->fresh = false;
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

    if (!intake->settling || intake_query(intake))
        return;
    intake->settling = false;
    dump->cost = follower->cost;
    dump->realtime_usec = clock_usec(CLOCK_REALTIME);
    follower->cost = (struct price_measure){.cpu_usec = 0};
    dump->unsettled = intake->subject->unsettled(intake->objects);
    dump->empty &= intake->subject->count(intake->objects) == 0;
    if (dump->error || !(dump->lines || dump->empty))
        follower->counters.dumps_failed++;
    r = standing_dump_ended(follower->standing, now, dump);
    if (r != 0)
        dump_requests_end(&follower->requests, r < 0 ? r : 0);
    if (r != 0 || standing_report(follower->standing)->last_dump_usec >= 0)
        follower->has_dumped = follower->fresh = true;
}

bool follower_has_all(const struct follower *follower)
{
    const struct intake *intake = &follower->intake;
    const struct standing_dump *dump = &intake->dump;

    return intake->settling && intake->alone && dump->lines && !dump->error && !dump->missing;
}

void follower_want(struct follower *follower, int64_t now, int change)
{
    follower->consumers += (size_t)change;
    follower->until = follower->consumers > 0 ? STANDING_NEVER : now + FOLLOWER_LINGER_USEC;
    standing_consumers(follower->standing, follower->consumers);
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
