/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* standing: when to dump. */
#include "tests/unit/virtual.h"

#include <errno.h>
#include <string.h>

/* --- polling */

static void polling_a_few_links_is_as_fast_as_allowed(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    assert_int_in_range(virtual_dumps_a_minute(&virtual), 1190, 1201);
    assert_int_equal(standing_report(virtual.standing)->cadence, STANDING_POLLING);
    assert_int_equal(standing_report(virtual.standing)->interval_usec, INTERVAL_MIN);
    virtual_stop(&virtual);
}

static void polling_costs_no_more_than_its_budget(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    virtual.dump.cost.cpu_usec = 5 * MSEC; /* at 0.5 %, less one eighth: one in 1.14 s */
    virtual_run(&virtual, 60 * SEC);
    assert_int_in_range(virtual_dumps_a_minute(&virtual), 51, 54);
    assert_int_in_range(standing_report(virtual.standing)->interval_usec, 1130 * MSEC, 1150 * MSEC);
    virtual_stop(&virtual);
}

static void polling_ten_thousand_links_stays_within_the_upper_bound(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    virtual.dump.cost.cpu_usec = 50 * MSEC;
    virtual_run(&virtual, 300 * SEC);
    assert_int_in_range(virtual_dumps_a_minute(&virtual), 11, 13);
    assert_int_equal(standing_report(virtual.standing)->interval_usec, INTERVAL_MAX);
    virtual_stop(&virtual);
}

static void one_slow_dump_does_not_make_dumps_expensive(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    virtual_run_to_dump(&virtual);
    virtual.dump.cost.cpu_usec = 10 * MSEC;
    virtual_end_dump(&virtual);
    assert_int_equal(standing_report(virtual.standing)->dump_cost_usec, 100);
    assert_int_equal(standing_report(virtual.standing)->interval_usec, INTERVAL_MIN);
    virtual_stop(&virtual);
}

static void with_nobody_listening_polling_is_as_slow_as_allowed(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    standing_consumers(virtual.standing, 0);
    assert_int_in_range(virtual_dumps_a_minute(&virtual), 11, 13);
    assert_int_equal(standing_report(virtual.standing)->cadence, STANDING_IDLE);
    assert_int_equal(standing_report(virtual.standing)->interval_usec, INTERVAL_MAX);
    virtual_stop(&virtual);
}

static void the_first_consumer_causes_a_dump_at_once(void **state)
{
    struct virtual virtual;
    unsigned dumps;

    (void)state;
    virtual_start_denied(&virtual);
    standing_consumers(virtual.standing, 0);
    virtual_run_to_dump(&virtual);
    virtual_run(&virtual, 100 * MSEC);
    dumps = virtual.dumps;
    standing_consumers(virtual.standing, 1);
    virtual_act(&virtual);
    assert_int_equal(virtual.dumps, dumps + 1);
    virtual_stop(&virtual);
}

static void the_first_consumer_does_not_wait_for_a_subscription_to_be_proven(void **state)
{
    struct virtual virtual;
    unsigned dumps;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    standing_consumers(virtual.standing, 0);
    virtual_run(&virtual, 60 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    dumps = virtual.dumps;
    standing_consumers(virtual.standing, 1);
    virtual_act(&virtual);
    assert_int_equal(virtual.dumps, dumps + 1);
    virtual_stop(&virtual);
}

static void a_second_consumer_changes_nothing(void **state)
{
    struct virtual virtual;
    unsigned dumps;

    (void)state;
    virtual_start_denied(&virtual);
    virtual_run_to_dump(&virtual);
    virtual_run(&virtual, 10 * MSEC);
    dumps = virtual.dumps;
    standing_consumers(virtual.standing, 2);
    virtual_act(&virtual);
    assert_int_equal(virtual.dumps, dumps);
    virtual_stop(&virtual);
}

/* --- proving and audit */

static void proof_begins_at_polling_and_doubles(void **state)
{
    struct virtual virtual;
    int64_t interval = 0;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual_run_to_dump(&virtual); /* the one that fills the gap before the join */
    for (int64_t expected = INTERVAL_MIN; expected < AUDIT; expected *= 2) {
        int64_t before = virtual.last_dump_began;

        assert_int_equal(standing_report(virtual.standing)->cadence, STANDING_PROVING);
        virtual_run_to_dump(&virtual);
        interval = virtual.last_dump_began - before;
        assert_int_in_range(interval, expected, expected + 1 * MSEC);
    }
    virtual_run(&virtual, 10 * MSEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    virtual_stop(&virtual);
}

static void a_trusted_subscription_is_audited_once_a_minute(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual_run(&virtual, 1 * SEC);
    assert_int_equal(virtual_dumps_a_minute(&virtual), 1);
    assert_int_equal(virtual_dumps_a_minute(&virtual), 1);
    assert_int_equal(standing_report(virtual.standing)->cadence, STANDING_AUDIT);
    assert_int_equal(standing_report(virtual.standing)->interval_usec, AUDIT);
    virtual_stop(&virtual);
}

/* --- dumps on demand */

static void a_dump_on_demand_begins_at_once_and_settles_when_it_ends(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual_run(&virtual, 10 * SEC);
    standing_dump_now(virtual.standing);
    virtual_act(&virtual);
    assert_true(virtual.dumping);
    assert_true(virtual.last_dump_began == virtual.now);
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 1);
    virtual_stop(&virtual);
}

static void a_dump_under_way_does_not_settle_a_later_demand(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual_run_to_dump(&virtual); /* an audit */
    standing_dump_now(virtual.standing);
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 0);
    virtual_run(&virtual, 1 * MSEC);
    assert_true(virtual.dumping);
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 1);
    virtual_stop(&virtual);
}

static void a_dump_that_nobody_requested_settles_nothing(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual_run_to_dump(&virtual);
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 0);
    virtual_stop(&virtual);
}

static void a_demand_is_settled_by_the_second_dump_where_a_link_is_missing(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    standing_dump_now(virtual.standing);
    virtual_run_to_dump(&virtual);
    virtual.dump.missing = 1;
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 0);
    virtual.dump.missing = 0;
    virtual_run(&virtual, 1 * MSEC);
    assert_true(virtual.dumping);
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 1);
    virtual_stop(&virtual);
}

static void a_demand_is_settled_by_the_second_dump_where_something_is_unsettled(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    standing_dump_now(virtual.standing);
    virtual_run_to_dump(&virtual);
    virtual.dump.unsettled = 1;
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 0);
    virtual.dump.unsettled = 0;
    virtual_run(&virtual, 1 * MSEC);
    assert_true(virtual.dumping);
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 1);
    virtual_stop(&virtual);
}

static void endless_demands_use_a_quarter_of_a_cpu_at_most(void **state)
{
    struct virtual virtual;
    unsigned dumps;

    (void)state;
    virtual_start_denied(&virtual);
    virtual.dump.cost.cpu_usec = virtual.dump_takes = 2 * MSEC;
    virtual_run(&virtual, 10 * SEC);
    dumps = virtual.dumps;
    for (int i = 0; i < 10000; i++) {
        standing_dump_now(virtual.standing);
        virtual_run(&virtual, 1 * MSEC);
    }
    assert_int_in_range((virtual.dumps - dumps) * 2, 2000, 2550); /* ms of 10,000 */
    virtual_stop(&virtual);
}

static void a_change_without_a_notification_is_dumped_for_at_polling_cadence(void **state)
{
    struct virtual virtual;
    int64_t before;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual_run_to_dump(&virtual);
    before = virtual.last_dump_began;
    virtual_run(&virtual, 10 * MSEC);
    standing_dump_soon(virtual.standing);
    virtual_run_to_dump(&virtual);
    assert_true(virtual.last_dump_began == before + INTERVAL_MIN);
    virtual_stop(&virtual);
}

/* --- missing links */

static void a_missing_link_is_confirmed_at_once(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual_run_to_dump(&virtual);
    virtual.dump.missing = 3;
    virtual_end_dump(&virtual);
    virtual.dump.missing = 0;
    virtual_run(&virtual, 1 * MSEC);
    assert_true(virtual.dumping);
    virtual_stop(&virtual);
}

/* --- overruns */

static void an_overrun_is_followed_by_a_dump_when_the_queue_is_empty(void **state)
{
    struct virtual virtual;
    unsigned dumps;

    (void)state;
    virtual_start_trusted(&virtual);
    dumps = virtual.dumps;
    virtual.never_drained = true;
    standing_overrun(virtual.standing);
    virtual_run(&virtual, 1 * SEC);
    assert_int_equal(virtual.dumps, dumps);
    virtual.never_drained = false;
    virtual_run(&virtual, 1 * MSEC);
    assert_int_equal(virtual.dumps, dumps + 1);
    virtual_stop(&virtual);
}

static void overruns_without_end_make_dumps_at_polling_cadence(void **state)
{
    struct virtual virtual;
    unsigned dumps;

    (void)state;
    virtual_start_trusted(&virtual);
    dumps = virtual.dumps;
    for (int i = 0; i < 60000; i++) {
        standing_overrun(virtual.standing);
        virtual_run(&virtual, 1 * MSEC);
    }
    assert_int_in_range(virtual.dumps - dumps, 600, 1202);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    virtual_stop(&virtual);
}

static void a_demand_is_not_settled_by_a_dump_that_ended_while_messages_are_lost(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    standing_dump_now(virtual.standing);
    virtual_run_to_dump(&virtual);
    standing_overrun(virtual.standing);
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 0);
    virtual_run_to_dump(&virtual);
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 1);
    virtual_stop(&virtual);
}

/* --- other bounds while running */

static void other_bounds_count_from_now_on(void **state)
{
    struct virtual virtual;
    struct standing_config config = {.mode = STANDING_POLL, /* not to be changed */
                                     .audit_usec = 10 * SEC};

    (void)state;
    virtual_start_denied(&virtual);
    budget_set(&virtual.budget, 50000, 200 * MSEC, 1 * SEC);
    standing_reconfigure(virtual.standing, &config);
    assert_int_in_range(virtual_dumps_a_minute(&virtual), 299, 302);
    standing_consumers(virtual.standing, 0);
    assert_int_in_range(virtual_dumps_a_minute(&virtual), 59, 62);
    virtual.join_error = 0;
    virtual_run_to(&virtual, STANDING_TRUSTED, 600 * SEC);
    assert_int_in_range(virtual_dumps_a_minute(&virtual), 5, 7);
    virtual_stop(&virtual);
}

static void a_shorter_audit_interval_cuts_a_proof_short(void **state)
{
    struct virtual virtual;
    struct standing_config config = {.audit_usec = 2 * SEC};

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual_run(&virtual, 55 * SEC); /* the next dump would be due after 51 s */
    standing_reconfigure(virtual.standing, &config);
    virtual_run(&virtual, 3 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    virtual_stop(&virtual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polling_a_few_links_is_as_fast_as_allowed),
        cmocka_unit_test(polling_costs_no_more_than_its_budget),
        cmocka_unit_test(polling_ten_thousand_links_stays_within_the_upper_bound),
        cmocka_unit_test(one_slow_dump_does_not_make_dumps_expensive),
        cmocka_unit_test(with_nobody_listening_polling_is_as_slow_as_allowed),
        cmocka_unit_test(the_first_consumer_causes_a_dump_at_once),
        cmocka_unit_test(the_first_consumer_does_not_wait_for_a_subscription_to_be_proven),
        cmocka_unit_test(a_second_consumer_changes_nothing),
        cmocka_unit_test(proof_begins_at_polling_and_doubles),
        cmocka_unit_test(a_trusted_subscription_is_audited_once_a_minute),
        cmocka_unit_test(a_dump_on_demand_begins_at_once_and_settles_when_it_ends),
        cmocka_unit_test(a_dump_under_way_does_not_settle_a_later_demand),
        cmocka_unit_test(a_dump_that_nobody_requested_settles_nothing),
        cmocka_unit_test(a_demand_is_settled_by_the_second_dump_where_a_link_is_missing),
        cmocka_unit_test(a_demand_is_settled_by_the_second_dump_where_something_is_unsettled),
        cmocka_unit_test(endless_demands_use_a_quarter_of_a_cpu_at_most),
        cmocka_unit_test(a_change_without_a_notification_is_dumped_for_at_polling_cadence),
        cmocka_unit_test(a_missing_link_is_confirmed_at_once),
        cmocka_unit_test(an_overrun_is_followed_by_a_dump_when_the_queue_is_empty),
        cmocka_unit_test(overruns_without_end_make_dumps_at_polling_cadence),
        cmocka_unit_test(a_demand_is_not_settled_by_a_dump_that_ended_while_messages_are_lost),
        cmocka_unit_test(other_bounds_count_from_now_on),
        cmocka_unit_test(a_shorter_audit_interval_cuts_a_proof_short),
    };

    return cmocka_run_group_tests_name("cadence", tests, NULL, NULL);
}
