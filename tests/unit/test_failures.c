/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* standing: when dumps fail. */
#include "tests/unit/virtual.h"

#include <errno.h>
#include <string.h>

/* --- interrupted and failed dumps */

static void interrupted_dumps_are_repeated_and_not_counted_as_failures(void **state)
{
    struct virtual virtual;
    unsigned dumps;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual_run_to_dump(&virtual);
    virtual.dump.error = -EINTR;
    virtual_end_dump(&virtual);
    dumps = virtual.dumps;
    virtual_run(&virtual, INTERVAL_MIN + 10 * MSEC);
    assert_int_equal(virtual.dumps, dumps + 1);
    virtual_run(&virtual, 600 * SEC);
    assert_false(standing_report(virtual.standing)->stale);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    virtual_stop(&virtual);
}

static void every_fifth_of_endlessly_interrupted_dumps_settles_a_demand(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    virtual.dump.error = -EINTR;
    standing_dump_now(virtual.standing);
    for (int i = 0; i < 5; i++) {
        virtual_run_to_dump(&virtual);
        virtual_end_dump(&virtual);
        assert_int_equal(virtual.settled, i == 4);
    }
    virtual_stop(&virtual);
}

static void an_empty_dump_is_a_failure(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    virtual.dump.lines = 0;
    virtual_run(&virtual, 60 * SEC);
    assert_true(standing_report(virtual.standing)->stale);
    assert_int_equal(standing_report(virtual.standing)->dump_error, ENODATA);
    virtual_stop(&virtual);
}

static void the_links_are_stale_after_three_failures_and_fresh_after_one_success(void **state)
{
    struct virtual virtual;
    int64_t last_dump;

    (void)state;
    virtual_start_denied(&virtual);
    last_dump = standing_report(virtual.standing)->last_dump_usec;
    virtual_run_to_dump(&virtual);
    virtual.dump.error = -EBUSY;
    virtual_end_dump(&virtual);
    virtual_run_to_dump(&virtual);
    virtual_end_dump(&virtual);
    assert_false(standing_report(virtual.standing)->stale);
    virtual_run_to_dump(&virtual);
    virtual_end_dump(&virtual);
    assert_true(standing_report(virtual.standing)->stale);
    assert_int_equal(standing_report(virtual.standing)->dump_error, EBUSY);
    assert_int_equal(standing_report(virtual.standing)->cadence, STANDING_RETRY);
    assert_true(standing_report(virtual.standing)->last_dump_usec >= last_dump);
    assert_int_equal(virtual_standing(&virtual), STANDING_DENIED);

    virtual.dump.error = 0;
    virtual_run_to_dump(&virtual);
    virtual_end_dump(&virtual);
    assert_false(standing_report(virtual.standing)->stale);
    assert_int_equal(standing_report(virtual.standing)->dump_error, 0);
    assert_true(standing_report(virtual.standing)->last_dump_usec == virtual.now);
    virtual_stop(&virtual);
}

static void a_demand_fails_after_three_failures(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual.dump.error = -EBUSY;
    standing_dump_now(virtual.standing);
    for (int i = 1; i <= 3; i++) {
        virtual_run_to_dump(&virtual);
        virtual_end_dump(&virtual);
        assert_int_equal(virtual.settled, i < 3 ? 0 : -EBUSY);
    }
    virtual_stop(&virtual);
}

static void dumps_that_fail_are_repeated_with_a_growing_delay_up_to_five_seconds(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual.dump.error = -EBUSY;
    virtual_run(&virtual, 120 * SEC);
    assert_int_in_range(virtual_dumps_a_minute(&virtual), 11, 13);
    assert_int_equal(standing_report(virtual.standing)->interval_usec, 5 * SEC);
    virtual_stop(&virtual);
}

static void a_dump_that_had_no_room_and_made_some_is_repeated_soon_once(void **state)
{
    struct virtual virtual;
    int64_t failed;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual.dump.error = -EDQUOT;
    virtual_run(&virtual, 600 * SEC);
    assert_int_in_range(virtual_dumps_a_minute(&virtual), 1, 1);
    virtual.dump.made_room = true;
    virtual_run_to_dump(&virtual);
    virtual_end_dump(&virtual);
    failed = virtual.now;
    virtual_run_to_dump(&virtual);
    assert_true(virtual.now <= failed + 1 * SEC);
    virtual_end_dump(&virtual);
    virtual_run_to_dump(&virtual);
    assert_true(virtual.now >= failed + 60 * SEC);
    virtual_end_dump(&virtual);
    virtual_stop(&virtual);
}

static void while_stale_the_error_is_the_last_one(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO); /* stale from the start */
    virtual_run_to_dump(&virtual);
    standing_broken(virtual.standing, virtual.now, -EACCES);
    assert_int_equal(standing_report(virtual.standing)->dump_error, EACCES);
    virtual.open_error = -EAFNOSUPPORT;
    virtual_run(&virtual, 1 * SEC);
    assert_int_equal(standing_report(virtual.standing)->dump_error, EAFNOSUPPORT);
    virtual_stop(&virtual);
}

static void a_dump_without_an_end_is_given_up_with_its_socket(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual.dump_takes = 3600 * SEC;
    virtual_run_to_dump(&virtual);
    virtual_run(&virtual, 10 * SEC - 1 * MSEC);
    assert_int_equal(virtual.closes, 0);
    virtual_run(&virtual, 2 * MSEC);
    assert_int_equal(virtual.closes, 1);
    assert_int_equal(standing_report(virtual.standing)->dump_error, ETIMEDOUT);
    virtual.dump_takes = 1 * MSEC;
    virtual_run(&virtual, 1 * SEC);
    assert_int_equal(virtual.opens, 2);
    assert_false(standing_report(virtual.standing)->stale);
    virtual_stop(&virtual);
}

static void a_dump_whose_end_may_be_queued_is_waited_for(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual.dump_takes = 60 * SEC;
    virtual_run_to_dump(&virtual);
    virtual.never_drained = true;
    virtual_run(&virtual, 30 * SEC);
    assert_int_equal(virtual.closes, 0);
    virtual_stop(&virtual);
}

/* --- the socket */

static void a_socket_that_cannot_be_opened_is_tried_again_up_to_every_30_seconds(void **state)
{
    struct virtual virtual;
    unsigned opens;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.open_error = -EAFNOSUPPORT;
    virtual_run(&virtual, 1 * SEC);
    assert_int_in_range(virtual.opens, 4, 5); /* after 0, 100, 300, 700 ms */
    assert_int_equal(standing_report(virtual.standing)->cadence, STANDING_RETRY);
    assert_int_equal(standing_report(virtual.standing)->error, EAFNOSUPPORT);
    virtual_run(&virtual, 300 * SEC);
    opens = virtual.opens;
    virtual_run(&virtual, 300 * SEC);
    assert_int_in_range(virtual.opens - opens, 10, 11);

    virtual.open_error = 0;
    virtual_run(&virtual, 31 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    assert_false(standing_report(virtual.standing)->stale);
    virtual_stop(&virtual);
}

static void a_broken_socket_is_closed_opened_joined_and_dumped(void **state)
{
    struct virtual virtual;
    unsigned dumps;

    (void)state;
    virtual_start_trusted(&virtual);
    dumps = virtual.dumps;
    standing_broken(virtual.standing, virtual.now, -EACCES);
    assert_int_equal(virtual_standing(&virtual), STANDING_DENIED);
    assert_int_equal(standing_report(virtual.standing)->error, EACCES);
    assert_true(standing_report(virtual.standing)->stale);
    virtual_act(&virtual);
    assert_int_equal(virtual.closes, 1);
    assert_int_equal(virtual.opens, 1);
    virtual_run(&virtual, 110 * MSEC);
    assert_int_equal(virtual.opens, 2);
    assert_int_equal(virtual.joins, 2);
    assert_int_equal(virtual.dumps, dumps + 1);
    assert_false(standing_report(virtual.standing)->stale);
    virtual_stop(&virtual);
}

static void a_socket_that_breaks_twice_is_closed_once(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    standing_broken(virtual.standing, virtual.now, -EACCES);
    standing_broken(virtual.standing, virtual.now, -EACCES);
    virtual_run(&virtual, 60 * SEC);
    assert_int_equal(virtual.closes, 1);
    assert_int_equal(virtual.opens, 2);
    virtual_stop(&virtual);
}

static void a_demand_outlives_a_broken_socket(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    standing_dump_now(virtual.standing);
    virtual_run_to_dump(&virtual);
    standing_broken(virtual.standing, virtual.now, -ENETDOWN);
    virtual_run_to_dump(&virtual);
    virtual_end_dump(&virtual);
    assert_int_equal(virtual.settled, 1);
    virtual_stop(&virtual);
}

static void a_socket_that_cannot_be_asked_is_opened_anew(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual.ask_error = -EPERM;
    virtual_run(&virtual, 300 * SEC);
    assert_int_in_range(virtual.closes, 2, 30);
    assert_true(standing_report(virtual.standing)->stale);
    virtual.ask_error = 0;
    virtual_run(&virtual, 31 * SEC);
    assert_false(standing_report(virtual.standing)->stale);
    virtual_stop(&virtual);
}

static void retries_that_fail_the_same_way_are_reported_once(void **state)
{
    static const int errors[] = {0, -EACCES};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct virtual virtual;

        virtual_start(&virtual, STANDING_AUTO);
        virtual.join_error = errors[i];
        virtual.dump_takes = 3600 * SEC;
        virtual_run_to_dump(&virtual);
        assert_int_equal(virtual.reports, 0);
        for (int again = 0; again < 20; again++) {
            standing_broken(virtual.standing, virtual.now, -EACCES);
            assert_int_equal(virtual.reports, 1);
            virtual_run_to_dump(&virtual);
        }
        standing_broken(virtual.standing, virtual.now, -EPERM);
        assert_int_equal(virtual.reports, 2);
        virtual.dump_takes = 1 * MSEC;
        virtual_run(&virtual, 31 * SEC);
        assert_true(virtual.reports >= 3);
        assert_int_equal(virtual_standing(&virtual),
                         errors[i] ? STANDING_DENIED : STANDING_UNPROVEN);
        virtual_stop(&virtual);
    }
}

static void a_refused_request_is_reported_once_and_called_so(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.ask_error = -EPERM;
    virtual_run(&virtual, 300 * SEC);
    assert_int_in_range(virtual.closes, 2, 30);
    assert_int_equal(virtual.reports, 1);
    assert_non_null(strstr(standing_report(virtual.standing)->dump_reason, "request"));
    assert_int_equal(standing_report(virtual.standing)->dump_error, EPERM);
    virtual_stop(&virtual);
}

static void what_failed_is_reported_beside_the_reason_of_the_standing(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    assert_string_equal(standing_report(virtual.standing)->dump_reason, "");
    virtual.dump.error = -EBUSY;
    virtual_run(&virtual, 60 * SEC);
    assert_string_equal(standing_report(virtual.standing)->reason,
                        "joining RTNLGRP_LINK was refused");
    assert_int_equal(standing_report(virtual.standing)->error, EACCES);
    assert_string_equal(standing_report(virtual.standing)->dump_reason,
                        "the kernel does not list its links");
    assert_int_equal(standing_report(virtual.standing)->dump_error, EBUSY);
    virtual_stop(&virtual);
}

static void a_hint_is_given_while_no_dump_ever_worked(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_with_hint(&virtual, "try elsewhere");
    virtual.open_error = -EACCES;
    virtual_run(&virtual, 1 * SEC);
    assert_non_null(strstr(standing_report(virtual.standing)->dump_reason, "; try elsewhere"));
    virtual.open_error = 0;
    virtual_run(&virtual, 31 * SEC);
    standing_broken(virtual.standing, virtual.now, -EACCES);
    assert_null(strstr(standing_report(virtual.standing)->dump_reason, "try elsewhere"));
    virtual_stop(&virtual);
}

static void a_socket_that_works_for_a_moment_only_is_opened_ever_more_rarely(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.dump.cost.cpu_usec = virtual.dump_takes = 30 * MSEC;
    for (int64_t end = virtual.now + 600 * SEC; virtual.now < end;) {
        virtual_run_to_dump(&virtual);
        virtual.now += virtual.dump_takes;
        virtual_end_dump(&virtual);
        assert_false(standing_report(virtual.standing)->stale);
        standing_broken(virtual.standing, virtual.now, -ENETDOWN);
    }
    assert_int_in_range(virtual.dumps, 10, 60);
    virtual_stop(&virtual);
}

static void delays_are_short_again_after_a_socket_that_lasted(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.open_error = -EMFILE;
    virtual_run(&virtual, 300 * SEC);
    virtual.open_error = 0;
    virtual_run(&virtual, 120 * SEC);
    standing_broken(virtual.standing, virtual.now, -ENETDOWN);
    virtual_run(&virtual, 110 * MSEC);
    assert_false(standing_report(virtual.standing)->stale);
    virtual_stop(&virtual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupted_dumps_are_repeated_and_not_counted_as_failures),
        cmocka_unit_test(every_fifth_of_endlessly_interrupted_dumps_settles_a_demand),
        cmocka_unit_test(an_empty_dump_is_a_failure),
        cmocka_unit_test(the_links_are_stale_after_three_failures_and_fresh_after_one_success),
        cmocka_unit_test(a_demand_fails_after_three_failures),
        cmocka_unit_test(dumps_that_fail_are_repeated_with_a_growing_delay_up_to_five_seconds),
        cmocka_unit_test(a_dump_that_had_no_room_and_made_some_is_repeated_soon_once),
        cmocka_unit_test(while_stale_the_error_is_the_last_one),
        cmocka_unit_test(a_dump_without_an_end_is_given_up_with_its_socket),
        cmocka_unit_test(a_dump_whose_end_may_be_queued_is_waited_for),
        cmocka_unit_test(a_socket_that_cannot_be_opened_is_tried_again_up_to_every_30_seconds),
        cmocka_unit_test(a_broken_socket_is_closed_opened_joined_and_dumped),
        cmocka_unit_test(a_socket_that_breaks_twice_is_closed_once),
        cmocka_unit_test(a_demand_outlives_a_broken_socket),
        cmocka_unit_test(a_socket_that_cannot_be_asked_is_opened_anew),
        cmocka_unit_test(retries_that_fail_the_same_way_are_reported_once),
        cmocka_unit_test(a_refused_request_is_reported_once_and_called_so),
        cmocka_unit_test(what_failed_is_reported_beside_the_reason_of_the_standing),
        cmocka_unit_test(a_hint_is_given_while_no_dump_ever_worked),
        cmocka_unit_test(a_socket_that_works_for_a_moment_only_is_opened_ever_more_rarely),
        cmocka_unit_test(delays_are_short_again_after_a_socket_that_lasted),
    };

    return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}
