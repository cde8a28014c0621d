/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* link_times: since when a link is there, and when it last went up and down. */
#include "tests/unit/support.h"

#include <net/if.h>

#include "daemon/link_times.h"

#define UP   (IFF_UP | IFF_RUNNING)
#define IDLE IFF_UP /* up by the administrator, without a carrier */

static struct link *added(unsigned flags, int64_t now, bool first_dump)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "a", .flags = flags);

    link_times_follow(&(struct change){.type = CHANGE_ADD, .after = &link->object}, now,
                      first_dump);
    return link;
}

/* The next state; the one before is dropped. */
static struct link *then(struct link *before, unsigned flags, uint32_t flaps, int64_t now)
{
    struct link *after = LINK(.ifindex = 2, .ifname = "a", .flags = flags);

    link_times_follow(&(struct change){.type = CHANGE_CHANGE,
                                       .before = &before->object,
                                       .after = &after->object,
                                       .flaps = flaps},
                      now, false);
    link_unref(before);
    return after;
}

static void assert_times(const struct link *link, int64_t since, int64_t last_up, int64_t last_down)
{
    assert_int_equal(link->since, since);
    assert_int_equal(link->last_up, last_up);
    assert_int_equal(link->last_down, last_down);
}

static void of_a_link_that_was_there_before_nothing_more_is_known(void **state)
{
    struct link *link = added(UP, 10, true);

    (void)state;
    assert_times(link, 10, 0, 0);
    assert_true(link->since_first_dump);
    link = then(link, 0, 0, 20);
    assert_times(link, 10, 0, 20);
    assert_true(link->since_first_dump);
    link_unref(link);
}

static void a_link_that_appears_up_went_up_then(void **state)
{
    struct link *link = added(UP, 10, false);

    (void)state;
    assert_times(link, 10, 10, 0);
    assert_false(link->since_first_dump);
    link_unref(link);
}

static void without_a_carrier_it_is_not_up(void **state)
{
    struct link *link = added(0, 10, false);

    (void)state;
    link = then(link, IDLE, 0, 20);
    assert_times(link, 10, 0, 0);
    link = then(link, UP, 0, 30);
    assert_times(link, 10, 30, 0);
    link = then(link, IDLE, 0, 40);
    assert_times(link, 10, 30, 40);
    link = then(link, 0, 0, 50);
    assert_times(link, 10, 30, 40);
    link_unref(link);
}

static void other_changes_leave_the_times(void **state)
{
    struct link *link = then(added(UP, 10, false), UP | IFF_PROMISC, 0, 20);

    (void)state;
    assert_times(link, 10, 10, 0);
    link_unref(link);
}

static void an_unseen_flap_went_both_ways(void **state)
{
    struct link *link = then(added(UP, 10, false), UP, 2, 20);

    (void)state;
    assert_times(link, 10, 20, 20);
    link_unref(link);
}

static void a_removal_changes_nothing(void **state)
{
    struct link *link = added(UP, 10, false);

    (void)state;
    link_times_follow(&(struct change){.type = CHANGE_REMOVE, .before = &link->object}, 20, false);
    assert_times(link, 10, 10, 0);
    link_unref(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_link_that_was_there_before_nothing_more_is_known),
        cmocka_unit_test(a_link_that_appears_up_went_up_then),
        cmocka_unit_test(without_a_carrier_it_is_not_up),
        cmocka_unit_test(other_changes_leave_the_times),
        cmocka_unit_test(an_unseen_flap_went_both_ways),
        cmocka_unit_test(a_removal_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
