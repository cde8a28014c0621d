/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of a link that is there: what does not last is not reported. See hold_trial.h for the
 * words. */
#include "tests/client/hold_trial.h"

static void a_carrier_that_comes_back_in_time_is_not_reported(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_expect_due_in(trial, DOWN);
    trial_pass(trial, DOWN - 1);
    trial_event(trial, "change", LINK(2, .rank = 'u'));
    trial_expect_quiet(trial);
    trial_pass(trial, 2 * DOWN);
    trial_expect(trial, "");
}

static void what_was_not_reported_is_among_the_flaps_of_the_next_event(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_event(trial, "change", LINK(2, .rank = 'u'));
    trial_expect(trial, "");
    trial_event(trial, "change", LINK(2, .rank = 'u', .mtu = 9000));
    trial_expect(trial, "~2u:9000#3*2 ");
    trial_event(trial, "change", LINK(2, .rank = 'u'));
    trial_expect(trial, "~2u#4 ");
}

static void a_link_that_stays_down_is_reported_when_due_with_its_own_number(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_event(trial, "change", LINK(2, .rank = 'u'));
    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_event(trial, "change", LINK(2, .rank = 'd', .mtu = 9000));
    trial_expect(trial, "~2u:9000#4*2 ");
    trial_pass(trial, DOWN);
    trial_expect(trial, "~2d:9000#3 ");
    trial_expect_quiet(trial);
}

static void a_link_that_stays_up_is_reported_after_the_time_for_up(void **state)
{
    struct trial *trial = trial_start_with(state, NULL, ARRAY(LINK(2, .rank = 'd')));

    trial_event(trial, "change", LINK(2, .rank = 'u'));
    trial_expect_due_in(trial, UP);
    trial_pass(trial, UP - 1);
    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_expect_quiet(trial);
    trial_event(trial, "change", LINK(2, .rank = 'u'));
    trial_pass(trial, UP - 1);
    trial_expect(trial, "");
    trial_pass(trial, 1);
    trial_expect(trial, "~2u#3*2 ");
}

static void a_state_between_is_reported_while_the_last_one_flaps(void **state)
{
    struct trial *trial = trial_start_with(state, NULL, ARRAY(LINK(2, .rank = 'd')));

    trial_event(trial, "change", LINK(2, .rank = 'c'));
    trial_pass(trial, SECOND);
    trial_event(trial, "change", LINK(2, .rank = 'u'));
    trial_pass(trial, SECOND);
    trial_expect(trial, "~2c#1 ");
    trial_event(trial, "change", LINK(2, .rank = 'c'));
    trial_event(trial, "change", LINK(2, .rank = 'u'));
    trial_pass(trial, UP - 1);
    trial_expect(trial, "");
    trial_pass(trial, 1);
    trial_expect(trial, "~2u#4*2 ");
}

static void a_state_between_is_reported_on_the_way_down_too(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "change", LINK(2, .rank = 'c'));
    trial_pass(trial, SECOND);
    trial_event(trial, "remove", LINK(2, .rank = 'c'));
    trial_pass(trial, DOWN - SECOND);
    trial_expect(trial, "~2c#1 ");
    trial_pass(trial, SECOND);
    trial_expect(trial, "-2#2 ");
    trial_expect_quiet(trial);
}

static void flaps_that_nobody_saw_are_counted_and_interrupt(void **state)
{
    struct trial *trial = trial_start(state);

    trial_flapping(trial, LINK(2, .rank = 'u'), 4);
    trial_expect(trial, "");
    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_pass(trial, SECOND);
    trial_flapping(trial, LINK(2, .rank = 'd'), 2);
    trial_expect_due_in(trial, DOWN);
    trial_pass(trial, DOWN);
    trial_expect(trial, "~2d#2*6 ");
}

static void flaps_that_nobody_saw_are_reported_where_none_would_be_held(void **state)
{
    struct trial *trial = trial_start(state);

    trial->state.hold.times.down = 0;
    trial_flapping(trial, LINK(2, .rank = 'u'), 2);
    trial_expect(trial, "~2u#1*2 ");
    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_expect(trial, "~2d#2 ");
    trial_event(trial, "change", LINK(2, .rank = 'u'));
    trial_expect(trial, "");
    trial_expect_due_in(trial, UP);
}

static void what_else_changes_has_the_state_that_was_reported(void **state)
{
    struct trial *trial = trial_start(state);
    const struct linkwatch_link *link;
    const char *operstate;

    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_event(trial, "change", LINK(2, .name = "lan0", .rank = 'd'));
    trial_expect(trial, "~2u#2 ");
    link = link_set_get(&mirror_state_known(&trial->state)->links, 2);
    assert_string_equal(linkwatch_link_ifname(link), "lan0");
    assert_int_equal(linkwatch_link_get_string(link, LINKWATCH_FIELD_OPERSTATE, &operstate), 0);
    assert_string_equal(operstate, "UP");
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "LOWER_UP"), 1);
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "NO-CARRIER"), 0);
}

/* A port of a veth shows that its peer is down some time before its carrier is gone. */
static void that_the_lower_link_is_down_is_held_like_the_carrier(void **state)
{
    struct trial *trial = trial_start(state);
    json_t *json;

    trial->sequence++;
    json = trial_link_message(trial, "change", LINK(2, .rank = 'u'));
    json_array_append_new(json_object_get(json_object_get(json, "link"), "flags"),
                          json_string("M-DOWN"));
    trial_send(trial, json);
    trial_event(trial, "change", LINK(2, .rank = 'd'));
    trial_event(trial, "change", LINK(2, .rank = 'u'));
    trial_expect(trial, "");
    trial_expect_quiet(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOLD_TEST(a_carrier_that_comes_back_in_time_is_not_reported),
        HOLD_TEST(what_was_not_reported_is_among_the_flaps_of_the_next_event),
        HOLD_TEST(a_link_that_stays_down_is_reported_when_due_with_its_own_number),
        HOLD_TEST(a_link_that_stays_up_is_reported_after_the_time_for_up),
        HOLD_TEST(a_state_between_is_reported_while_the_last_one_flaps),
        HOLD_TEST(a_state_between_is_reported_on_the_way_down_too),
        HOLD_TEST(flaps_that_nobody_saw_are_counted_and_interrupt),
        HOLD_TEST(flaps_that_nobody_saw_are_reported_where_none_would_be_held),
        HOLD_TEST(what_else_changes_has_the_state_that_was_reported),
        HOLD_TEST(that_the_lower_link_is_down_is_held_like_the_carrier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
