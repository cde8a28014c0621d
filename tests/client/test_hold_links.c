/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links that come and go: what is held of them, and what must be reported together. See
 * hold_trial.h for the words. */
#include "tests/client/hold_trial.h"

static void a_link_that_is_there_again_in_time_was_never_gone(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "remove", LINK(2, .rank = 'u'));
    trial_expect_due_in(trial, DOWN);
    trial_pass(trial, SECOND);
    trial_event(trial, "add", LINK(2, .rank = 'u', .mtu = 9000));
    trial_expect(trial, "~2u:9000#2*2 ");
    trial_expect_quiet(trial);
}

static void a_removal_that_lasts_is_reported_when_due(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "remove", LINK(2, .rank = 'u'));
    trial_expect(trial, "");
    assert_non_null(link_set_get(&mirror_state_known(&trial->state)->links, 2));
    trial_pass(trial, DOWN);
    trial_expect(trial, "-2#1 ");
    assert_null(link_set_get(&mirror_state_known(&trial->state)->links, 2));
}

static void another_link_of_the_name_ends_a_removal(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "remove", LINK(2, .rank = 'u'));
    trial_event(trial, "add", LINK(7, .name = "eth2", .rank = 'u'));
    trial_expect(trial, "-2#1 ");
    trial_pass(trial, UP);
    trial_expect(trial, "+7u#2 ");
    trial_event(trial, "remove", LINK(7, .name = "eth2", .rank = 'u'));
    trial_event(trial, "add", LINK(8, .rank = 'u', .altname = "eth2"));
    trial_expect(trial, "-7#3 ");
}

static void another_link_of_the_index_ends_a_removal(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "remove", LINK(2, .rank = 'u'));
    trial_event(trial, "add", LINK(2, .name = "wlan0", .rank = 'd'));
    trial_expect(trial, "-2#1 ");
    trial_pass(trial, UP);
    trial_expect(trial, "+2d#2 ");
}

static void a_rename_to_the_name_ends_a_removal(void **state)
{
    struct trial *trial =
        trial_start_with(state, NULL, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));

    trial_event(trial, "remove", LINK(2, .rank = 'u'));
    trial_event(trial, "change", LINK(3, .name = "eth2", .rank = 'u'));
    trial_expect(trial, "-2#1,~3u#2 ");
}

static void a_link_that_does_not_stay_is_never_reported(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "add", LINK(3, .rank = 'u'));
    trial_address_event(trial, "add", 3, 1);
    trial_event(trial, "change", LINK(3, .rank = 'u', .mtu = 9000));
    trial_address_event(trial, "remove", 3, 1);
    trial_event(trial, "remove", LINK(3, .rank = 'u'));
    trial_expect_quiet(trial);
    trial_expect(trial, "");
    assert_int_equal(trial->state.hold.held.count, 0);
}

static void addresses_follow_their_link(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "add", LINK(3, .rank = 'u'));
    trial_address_event(trial, "add", 3, 1);
    trial_address_event(trial, "add", 3, 2);
    trial_address_event(trial, "remove", 3, 1);
    trial_address_event(trial, "add", 2, 9);
    trial_expect(trial, "+@2#5 ");
    trial_pass(trial, UP);
    trial_expect(trial, "+3u#1,+@3#3 ");
    trial_address_event(trial, "remove", 3, 2);
    trial_event(trial, "remove", LINK(3, .rank = 'u'));
    trial_expect(trial, "-@3#6 ");
    trial_pass(trial, DOWN);
    trial_expect(trial, "-3#7 ");
}

static void a_new_link_whose_carrier_flaps_is_reported_without_it(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "add", LINK(3, .rank = 'd'));
    trial_pass(trial, SECOND);
    trial_event(trial, "change", LINK(3, .rank = 'u', .mtu = 9000));
    trial_pass(trial, SECOND);
    trial_expect(trial, "+3d:9000#1 ");
    trial_expect_due_in(trial, SECOND);
}

static void the_master_of_a_port_is_reported_with_it(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "add", LINK(9, .rank = 'd'));
    trial_expect(trial, "");
    trial_event(trial, "change", LINK(2, .rank = 'u', .master = 9));
    trial_expect(trial, "+9d#1,~2u#2 ");
    trial_expect_quiet(trial);
}

static void links_that_refer_to_each_other_are_reported_together(void **state)
{
    struct trial *trial = trial_start(state);

    trial_event(trial, "add", LINK(3, .rank = 'd', .master = 4));
    trial_pass(trial, SECOND);
    trial_event(trial, "add", LINK(4, .rank = 'd', .master = 3));
    trial_pass(trial, SECOND);
    trial_expect(trial, "+4d#2,+3d#1 ");
    trial_event(trial, "remove", LINK(3, .rank = 'd', .master = 4));
    trial_event(trial, "remove", LINK(4, .rank = 'd', .master = 3));
    trial_event(trial, "add", LINK(5, .name = "eth3", .rank = 'd'));
    trial_expect(trial, "-4#4,-3#3 ");
}

static void a_port_that_is_gone_goes_before_its_master(void **state)
{
    struct trial *trial = trial_start_with(
        state, NULL, ARRAY(LINK(2, .rank = 'u', .master = 3), LINK(3, .name = "br0", .rank = 'u')));

    trial_event(trial, "remove", LINK(2, .rank = 'u', .master = 3));
    trial_event(trial, "remove", LINK(3, .name = "br0", .rank = 'u'));
    trial_event(trial, "add", LINK(4, .name = "br0", .rank = 'd'));
    trial_expect(trial, "-2#1,-3#2 ");
}

static void a_link_that_leaves_the_filter_is_reported_at_once(void **state)
{
    struct trial *trial = trial_start_with(state, "eth*", ARRAY(LINK(2, .rank = 'u')));

    trial_event(trial, "change", LINK(2, .name = "lan0", .rank = 'd'));
    trial_expect(trial, "~2u#1,-2#1 ");
    trial_expect_quiet(trial);
}

static void what_is_gone_is_held_within_the_limit(void **state)
{
    struct trial *trial =
        trial_start_with(state, NULL, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));

    trial->state.hold.limit = mirror_state_known(&trial->state)->links.bytes;
    trial_event(trial, "remove", LINK(3, .rank = 'u'));
    trial_pass(trial, 1);
    trial_event(trial, "remove", LINK(2, .rank = 'u'));
    trial_event(trial, "add", LINK(4, .rank = 'u'));
    trial_expect(trial, "");
    trial_pass(trial, UP);
    trial_expect(trial, "+4u#3,-3#1 ");
}

static void names_that_are_swapped_are_swapped_at_once(void **state)
{
    struct trial *trial =
        trial_start_with(state, NULL, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));
    json_t *first;

    trial->sequence++;
    first = trial_link_message(trial, "change", LINK(2, .name = "eth3", .rank = 'd'));
    json_object_set_new(first, "more_follows", json_true());
    trial_send(trial, first);
    trial_expect(trial, "");
    trial_event(trial, "change", LINK(3, .name = "eth2", .rank = 'u'));
    trial_expect(trial, "~2u#1,~3u#2 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOLD_TEST(a_link_that_is_there_again_in_time_was_never_gone),
        HOLD_TEST(a_removal_that_lasts_is_reported_when_due),
        HOLD_TEST(another_link_of_the_name_ends_a_removal),
        HOLD_TEST(another_link_of_the_index_ends_a_removal),
        HOLD_TEST(a_rename_to_the_name_ends_a_removal),
        HOLD_TEST(a_link_that_does_not_stay_is_never_reported),
        HOLD_TEST(addresses_follow_their_link),
        HOLD_TEST(a_new_link_whose_carrier_flaps_is_reported_without_it),
        HOLD_TEST(the_master_of_a_port_is_reported_with_it),
        HOLD_TEST(links_that_refer_to_each_other_are_reported_together),
        HOLD_TEST(a_port_that_is_gone_goes_before_its_master),
        HOLD_TEST(a_link_that_leaves_the_filter_is_reported_at_once),
        HOLD_TEST(what_is_gone_is_held_within_the_limit),
        HOLD_TEST(names_that_are_swapped_are_swapped_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
