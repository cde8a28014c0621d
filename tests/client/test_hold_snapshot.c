/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is held while snapshots replace events, and while there is no connection. See hold_trial.h
 * for the words. */
#include "tests/client/hold_trial.h"

static void the_first_snapshot_is_reported_at_once(void **state)
{
    struct trial *trial = trial_new(state, NULL);

    trial_snapshot(trial, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'd')));
    trial_expect(trial, "+2u,+3d ");
    trial_expect_quiet(trial);
}

static void a_snapshot_in_which_it_is_back_is_no_report(void **state)
{
    struct trial *trial =
        trial_start_with(state, NULL, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));

    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_event(trial, "remove", LINK(3, .rank = 'u'));
    trial_send(trial, trial_message(trial, "lost"));
    trial_expect_quiet(trial);
    trial_snapshot(trial, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));
    trial_expect(trial, "");
    trial_expect_quiet(trial);
}

static void a_snapshot_in_which_it_is_not_back_changes_nothing(void **state)
{
    struct trial *trial =
        trial_start_with(state, NULL, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));

    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_event(trial, "remove", LINK(3, .rank = 'u'));
    trial->state.now += SECOND;
    mirror_state_break(&trial->state);
    trial_expect_quiet(trial);
    mirror_state_forget_position(&trial->state);
    trial_connect(trial);
    trial->instance++;
    trial->sequence = 50;
    trial_snapshot(trial, ARRAY(LINK(2, .rank = 'd'), LINK(4, .rank = 'u')));
    trial_expect(trial, "");
    trial_pass(trial, UP);
    trial_expect(trial, "+4u ");
    trial_pass(trial, DOWN - UP - SECOND);
    trial_expect(trial, "~2d#1,-3#2 ");
}

static void what_is_due_without_a_connection_is_reported_after_it(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "change", LINK(2, .rank = 'd'));
    mirror_state_break(&trial->state);
    trial->state.now += 2 * DOWN;
    trial_report_due(trial);
    trial_expect(trial, "");
    trial_connect(trial);
    trial_send(trial, trial_message(trial, "ready"));
    trial_report_due(trial);
    trial_expect(trial, "~2d#1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOLD_TEST(the_first_snapshot_is_reported_at_once),
        HOLD_TEST(a_snapshot_in_which_it_is_back_is_no_report),
        HOLD_TEST(a_snapshot_in_which_it_is_not_back_changes_nothing),
        HOLD_TEST(what_is_due_without_a_connection_is_reported_after_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
