/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* standing: how far the subscription is believed. */
#include "tests/unit/virtual.h"

#include <errno.h>
#include <string.h>

/* Linux may hold back a notification for so long, and the queue must be empty then. */
#define GRACE (3 * SEC)

/* The next dump shows a change of these links that no notification reported. */
static void show_unconfirmed(struct virtual *virtual, int first, int last)
{
    virtual_run_to_dump(virtual);
    for (int ifindex = first; ifindex <= last; ifindex++)
        standing_unconfirmed(virtual->standing, virtual->now, ifindex);
    virtual_end_dump(virtual);
}

static uint64_t contradictions(struct virtual *virtual)
{
    return standing_report(virtual->standing)->contradictions;
}

/* --- denied */

static void before_anything_the_standing_is_denied_and_stale(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    assert_int_equal(virtual_standing(&virtual), STANDING_DENIED);
    assert_true(standing_report(virtual.standing)->stale);
    assert_true(standing_report(virtual.standing)->last_dump_usec < 0);
    virtual_stop(&virtual);
}

static void a_refused_join_is_denied_with_the_kernels_errno(void **state)
{
    static const int errors[] = {EACCES, ENOPROTOOPT, EOPNOTSUPP};

    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct virtual virtual;

        virtual_start(&virtual, STANDING_AUTO);
        virtual.join_error = -errors[i];
        virtual_run(&virtual, 1 * SEC);
        assert_int_equal(virtual_standing(&virtual), STANDING_DENIED);
        assert_int_equal(standing_report(virtual.standing)->error, errors[i]);
        assert_false(standing_report(virtual.standing)->stale);
        virtual_stop(&virtual);
    }
}

static void a_denied_join_is_tried_again_ever_more_rarely(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.join_error = -EACCES;
    virtual_run(&virtual, 4 * SEC);
    assert_int_equal(virtual.joins, 1);
    virtual_run(&virtual, 2 * SEC); /* after 5 seconds */
    assert_int_equal(virtual.joins, 2);
    virtual_run(&virtual, 10 * SEC); /* after 15 */
    assert_int_equal(virtual.joins, 3);
    virtual_run(&virtual, 3600 * SEC);
    assert_int_in_range(virtual.joins, 3 + 10, 3 + 20);
    virtual_stop(&virtual);
}

static void a_join_that_works_later_makes_it_unproven_and_dumps_at_once(void **state)
{
    struct virtual virtual;
    unsigned dumps = 0;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.join_error = -EACCES;
    virtual_run(&virtual, 4 * SEC);
    virtual.join_error = 0;
    while (virtual.joins < 2) {
        dumps = virtual.dumps;
        virtual_run(&virtual, 10 * MSEC);
    }
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    assert_int_equal(virtual.before, STANDING_DENIED);
    virtual_run(&virtual, 1 * MSEC);
    assert_int_in_range(virtual.dumps, dumps + 1, dumps + 2);
    virtual_stop(&virtual);
}

static void what_happened_before_the_join_is_no_contradiction(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    show_unconfirmed(&virtual, 1, 9);
    virtual_run_to(&virtual, STANDING_TRUSTED, 300 * SEC);
    assert_int_equal(contradictions(&virtual), 0);
    virtual_stop(&virtual);
}

static void a_dump_under_way_at_the_join_proves_nothing(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.join_error = -EACCES;
    virtual.dump_takes = 4 * SEC;
    virtual_run(&virtual, 5 * SEC - 1 * MSEC);
    assert_true(virtual.dumping);
    virtual.join_error = 0;
    virtual_run(&virtual, 2 * MSEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    assert_true(virtual.dumping);
    standing_unconfirmed(virtual.standing, virtual.now, 7);
    virtual_end_dump(&virtual);
    virtual.dump_takes = 1 * MSEC;
    virtual_run(&virtual, 2 * GRACE);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    virtual_stop(&virtual);
}

static void a_removal_before_the_join_is_no_contradiction_when_it_is_confirmed(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual_run_to_dump(&virtual);
    virtual.dump.missing = 1;
    virtual_end_dump(&virtual);
    virtual.dump.missing = 0;
    show_unconfirmed(&virtual, 5, 5); /* the second dump agrees: the link is removed */
    virtual_run(&virtual, 2 * GRACE);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    virtual_stop(&virtual);
}

static void the_excuse_of_a_join_lasts_until_a_dump_is_complete(void **state)
{
    static const int errors[] = {EINTR, EBUSY, EMSGSIZE};

    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct virtual virtual;

        virtual_start(&virtual, STANDING_AUTO);
        virtual_run_to_dump(&virtual);
        virtual.dump.error = -errors[i];
        virtual_end_dump(&virtual);
        virtual.dump.error = 0;
        show_unconfirmed(&virtual, 5, 5); /* the first dump did not show it */
        virtual_run(&virtual, 2 * GRACE);
        assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
        virtual_stop(&virtual);
    }
}

/* --- unproven and trusted */

static void dumps_that_agree_up_to_the_audit_interval_make_it_trusted(void **state)
{
    struct virtual virtual;
    int64_t began;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    began = virtual.now;
    virtual_run(&virtual, 1 * MSEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    virtual_run_to(&virtual, STANDING_TRUSTED, 300 * SEC);
    /* 50 ms, doubled up to more than 60 s. */
    assert_int_in_range(virtual.now - began, 60 * SEC, 110 * SEC);
    assert_int_in_range(virtual.dumps, 11, 14);
    assert_int_equal(standing_report(virtual.standing)->error, 0);
    virtual_stop(&virtual);
}

static void dumps_on_demand_prove_no_more_than_the_time_they_span(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    for (int i = 0; i < 1000; i++) {
        standing_dump_now(virtual.standing);
        virtual_run(&virtual, 2 * MSEC);
    }
    assert_int_in_range(virtual.dumps, 900, 1100);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    virtual_stop(&virtual);
}

static void a_change_that_is_confirmed_in_time_is_a_race_and_no_contradiction(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    show_unconfirmed(&virtual, 5, 5);
    virtual_run(&virtual, GRACE - 1 * MSEC);
    standing_notified(virtual.standing, 5);
    virtual_run(&virtual, 3600 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    assert_int_equal(contradictions(&virtual), 0);
    virtual_stop(&virtual);
}

static void a_change_that_is_never_confirmed_makes_it_incomplete(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    show_unconfirmed(&virtual, 5, 5);
    virtual_run(&virtual, GRACE - 1 * MSEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    virtual_run(&virtual, 2 * MSEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_INCOMPLETE);
    assert_int_equal(virtual.before, STANDING_UNPROVEN);
    assert_int_equal(contradictions(&virtual), 1);
    assert_non_null(strstr(standing_report(virtual.standing)->reason, "link 5"));
    virtual_stop(&virtual);
}

static void a_notification_of_another_link_confirms_nothing(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    show_unconfirmed(&virtual, 5, 6);
    standing_notified(virtual.standing, 5);
    standing_notified(virtual.standing, 7);
    virtual_run(&virtual, GRACE + 1 * MSEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_INCOMPLETE);
    assert_non_null(strstr(standing_report(virtual.standing)->reason, "link 6"));
    virtual_stop(&virtual);
}

static void hundreds_of_changes_are_confirmed_by_their_notifications(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    show_unconfirmed(&virtual, 1, 500);
    for (int ifindex = 1; ifindex <= 500; ifindex++)
        standing_notified(virtual.standing, ifindex);
    virtual_run(&virtual, 2 * GRACE);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    virtual_run(&virtual, 300 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    virtual_stop(&virtual);
}

static void an_unconfirmed_change_is_not_judged_before_the_queue_is_empty(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    show_unconfirmed(&virtual, 5, 5);
    /* The process was stopped for a minute; the notification is still queued. */
    virtual.never_drained = true;
    virtual_run(&virtual, 60 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    standing_notified(virtual.standing, 5);
    virtual.never_drained = false;
    virtual_run(&virtual, 300 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    virtual_stop(&virtual);
}

static void an_unconfirmed_change_makes_a_trusted_subscription_unproven(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    /* The notification comes in the end, but too late. */
    show_unconfirmed(&virtual, 5, 5);
    standing_notified(virtual.standing, 5);
    assert_int_equal(virtual_standing(&virtual), STANDING_UNPROVEN);
    assert_int_equal(contradictions(&virtual), 0);
    assert_int_in_range(standing_report(virtual.standing)->interval_usec, 1, 1 * SEC);
    virtual_run(&virtual, 300 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    virtual_stop(&virtual);
}

static void an_unconfirmed_change_before_trust_restarts_the_proof(void **state)
{
    struct virtual virtual;
    int64_t unconfirmed;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual_run(&virtual, 50 * SEC);
    show_unconfirmed(&virtual, 5, 5);
    unconfirmed = virtual.now;
    standing_notified(virtual.standing, 5);
    virtual_run_to(&virtual, STANDING_TRUSTED, 300 * SEC);
    assert_true(virtual.now - unconfirmed > 60 * SEC);
    virtual_stop(&virtual);
}

/* --- incomplete */

static void incomplete_stays_for_good_and_polls(void **state)
{
    struct virtual virtual;
    unsigned dumps;

    (void)state;
    virtual_start_trusted(&virtual);
    show_unconfirmed(&virtual, 5, 5);
    virtual_run_to(&virtual, STANDING_INCOMPLETE, 2 * GRACE);
    dumps = virtual.dumps;
    virtual_run(&virtual, 3600 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_INCOMPLETE);
    assert_int_in_range(virtual.dumps - dumps, 3600 * 19, 3600 * 20 + 1);
    assert_int_equal(contradictions(&virtual), 1);
    virtual_stop(&virtual);
}

static void incomplete_outlives_a_socket_that_is_opened_anew(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    show_unconfirmed(&virtual, 5, 5);
    virtual_run_to(&virtual, STANDING_INCOMPLETE, 2 * GRACE);
    standing_broken(virtual.standing, virtual.now, -ENETDOWN);
    assert_int_equal(virtual_standing(&virtual), STANDING_DENIED);
    virtual_run(&virtual, 1 * SEC);
    assert_int_equal(virtual.opens, 2);
    assert_int_equal(virtual_standing(&virtual), STANDING_INCOMPLETE);
    virtual_stop(&virtual);
}

static void answers_that_are_not_those_of_linux_make_it_incomplete_at_once(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.dump.native = false;
    virtual_run(&virtual, 10 * MSEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_INCOMPLETE);
    assert_int_equal(contradictions(&virtual), 0);
    virtual_stop(&virtual);
}

static void foreign_answers_of_a_kernel_that_denies_are_just_denied(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.dump.native = false;
    virtual.join_error = -EACCES;
    virtual_run(&virtual, 4 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_DENIED);
    virtual_stop(&virtual);
}

static void interrupted_dumps_without_a_line_say_nothing_of_the_kernel(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual.dump = (struct standing_dump){.error = -EINTR, .cost.cpu_usec = 100};
    virtual_run(&virtual, 600 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    assert_true(standing_report(virtual.standing)->stale);
    virtual_stop(&virtual);
}

/* --- overruns */

static void an_unconfirmed_change_after_an_overrun_is_no_contradiction(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    standing_overrun(virtual.standing);
    show_unconfirmed(&virtual, 1, 20);
    virtual_run(&virtual, 3600 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    assert_int_equal(contradictions(&virtual), 0);
    virtual_stop(&virtual);
}

static void an_overrun_excuses_all_unconfirmed_changes(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    show_unconfirmed(&virtual, 5, 5);
    standing_overrun(virtual.standing); /* it may have swallowed their notifications */
    virtual_run(&virtual, 3600 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    virtual_stop(&virtual);
}

static void a_removal_lost_in_an_overrun_is_no_contradiction(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    standing_overrun(virtual.standing);
    virtual_run_to_dump(&virtual);
    virtual.dump.missing = 1;
    virtual_end_dump(&virtual);
    virtual.dump.missing = 0;
    show_unconfirmed(&virtual, 5, 5); /* the second dump agrees */
    virtual_run(&virtual, 2 * GRACE);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    virtual_stop(&virtual);
}

static void an_overrun_during_a_dump_excuses_it_and_the_next(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    virtual_run_to_dump(&virtual);
    standing_overrun(virtual.standing);
    standing_unconfirmed(virtual.standing, virtual.now, 5);
    virtual_end_dump(&virtual);
    show_unconfirmed(&virtual, 6, 6);
    virtual_run(&virtual, 2 * GRACE);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    virtual_stop(&virtual);
}

static void a_contradiction_long_after_an_overrun_counts(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_trusted(&virtual);
    standing_overrun(virtual.standing);
    virtual_run(&virtual, 300 * SEC);
    show_unconfirmed(&virtual, 5, 5);
    virtual_run(&virtual, 2 * GRACE);
    assert_int_equal(virtual_standing(&virtual), STANDING_INCOMPLETE);
    virtual_stop(&virtual);
}

/* --- modes */

static void with_source_poll_it_never_joins(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_POLL);
    virtual_run(&virtual, 3600 * SEC);
    assert_int_equal(virtual.joins, 0);
    assert_int_equal(virtual_standing(&virtual), STANDING_DENIED);
    assert_int_equal(standing_report(virtual.standing)->error, 0);
    assert_int_in_range(virtual.dumps, 3600 * 19, 3600 * 20 + 2);
    virtual_stop(&virtual);
}

static void with_source_subscribe_it_believes_whatever_a_dump_shows(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_SUBSCRIBE);
    virtual.dump.native = false;
    virtual_run(&virtual, 10 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    show_unconfirmed(&virtual, 5, 5);
    virtual_run(&virtual, 600 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_TRUSTED);
    assert_int_in_range(virtual.dumps, 11, 14); /* audits alone */
    virtual_stop(&virtual);
}

static void with_source_subscribe_and_denied_it_audits_and_tries_again(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_SUBSCRIBE);
    virtual.join_error = -EACCES;
    virtual_run(&virtual, 600 * SEC);
    assert_int_equal(virtual_standing(&virtual), STANDING_DENIED);
    assert_int_in_range(virtual.dumps, 10, 13);
    assert_int_in_range(virtual.joins, 6, 9);
    virtual_stop(&virtual);
}

static void each_standing_and_cadence_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(standing_name(STANDING_DENIED), "denied");
    assert_string_equal(standing_name(STANDING_UNPROVEN), "unproven");
    assert_string_equal(standing_name(STANDING_TRUSTED), "trusted");
    assert_string_equal(standing_name(STANDING_INCOMPLETE), "incomplete");
    assert_string_equal(standing_cadence_name(STANDING_POLLING), "polling");
    assert_string_equal(standing_cadence_name(STANDING_PROVING), "proving");
    assert_string_equal(standing_cadence_name(STANDING_AUDIT), "audit");
    assert_string_equal(standing_cadence_name(STANDING_RETRY), "retry");
    assert_string_equal(standing_cadence_name(STANDING_IDLE), "idle");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_anything_the_standing_is_denied_and_stale),
        cmocka_unit_test(a_refused_join_is_denied_with_the_kernels_errno),
        cmocka_unit_test(a_denied_join_is_tried_again_ever_more_rarely),
        cmocka_unit_test(a_join_that_works_later_makes_it_unproven_and_dumps_at_once),
        cmocka_unit_test(what_happened_before_the_join_is_no_contradiction),
        cmocka_unit_test(a_dump_under_way_at_the_join_proves_nothing),
        cmocka_unit_test(a_removal_before_the_join_is_no_contradiction_when_it_is_confirmed),
        cmocka_unit_test(the_excuse_of_a_join_lasts_until_a_dump_is_complete),
        cmocka_unit_test(dumps_that_agree_up_to_the_audit_interval_make_it_trusted),
        cmocka_unit_test(dumps_on_demand_prove_no_more_than_the_time_they_span),
        cmocka_unit_test(a_change_that_is_confirmed_in_time_is_a_race_and_no_contradiction),
        cmocka_unit_test(a_change_that_is_never_confirmed_makes_it_incomplete),
        cmocka_unit_test(a_notification_of_another_link_confirms_nothing),
        cmocka_unit_test(hundreds_of_changes_are_confirmed_by_their_notifications),
        cmocka_unit_test(an_unconfirmed_change_is_not_judged_before_the_queue_is_empty),
        cmocka_unit_test(an_unconfirmed_change_makes_a_trusted_subscription_unproven),
        cmocka_unit_test(an_unconfirmed_change_before_trust_restarts_the_proof),
        cmocka_unit_test(incomplete_stays_for_good_and_polls),
        cmocka_unit_test(incomplete_outlives_a_socket_that_is_opened_anew),
        cmocka_unit_test(answers_that_are_not_those_of_linux_make_it_incomplete_at_once),
        cmocka_unit_test(foreign_answers_of_a_kernel_that_denies_are_just_denied),
        cmocka_unit_test(interrupted_dumps_without_a_line_say_nothing_of_the_kernel),
        cmocka_unit_test(an_unconfirmed_change_after_an_overrun_is_no_contradiction),
        cmocka_unit_test(an_overrun_excuses_all_unconfirmed_changes),
        cmocka_unit_test(a_removal_lost_in_an_overrun_is_no_contradiction),
        cmocka_unit_test(an_overrun_during_a_dump_excuses_it_and_the_next),
        cmocka_unit_test(a_contradiction_long_after_an_overrun_counts),
        cmocka_unit_test(with_source_poll_it_never_joins),
        cmocka_unit_test(with_source_subscribe_it_believes_whatever_a_dump_shows),
        cmocka_unit_test(with_source_subscribe_and_denied_it_audits_and_tries_again),
        cmocka_unit_test(each_standing_and_cadence_has_its_name),
    };

    return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
