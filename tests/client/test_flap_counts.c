/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* flap_counts: what linkwatchctl history counts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/flap_counts.h"
#include "tests/unit/unit_test.h"

#define NOW (100 * FLAP_DAY)

static void a_link_goes_down_when_it_was_up(void **state)
{
    (void)state;
    assert_int_equal(flap_downs(true, false, 0), 1);
    assert_int_equal(flap_downs(false, true, 0), 0);
    assert_int_equal(flap_downs(true, true, 0), 0);
    assert_int_equal(flap_downs(false, false, 0), 0);
}

static void every_second_unseen_change_is_one_down(void **state)
{
    (void)state;
    assert_int_equal(flap_downs(true, true, 2), 1);
    assert_int_equal(flap_downs(true, true, 6), 3);
    assert_int_equal(flap_downs(false, false, 2), 1);
    assert_int_equal(flap_downs(true, false, 2), 2);
    assert_int_equal(flap_downs(false, true, 2), 1);
    assert_int_equal(flap_downs(true, true, 1), 1);
    assert_int_equal(flap_downs(false, false, 1), 0);
    assert_int_equal(flap_downs(true, true, -1), 0);
}

static void the_last_hour_is_part_of_the_last_day_and_what_is_older_is_not_counted(void **state)
{
    struct flap_counts counts = {.now = NOW};

    (void)state;
    assert_int_equal(flap_counts_add(&counts, "a", NOW, 1), 0);
    assert_int_equal(flap_counts_add(&counts, "a", NOW - FLAP_HOUR, 2), 0);
    assert_int_equal(flap_counts_add(&counts, "a", NOW - FLAP_HOUR - 1, 4), 0);
    assert_int_equal(flap_counts_add(&counts, "a", NOW - FLAP_DAY, 8), 0);
    assert_int_equal(flap_counts_add(&counts, "a", NOW - FLAP_DAY - 1, 16), 0);
    assert_int_equal(counts.count, 1);
    assert_int_equal(counts.at[0].hour, 3);
    assert_int_equal(counts.at[0].day, 15);
    flap_counts_clear(&counts);
}

static void links_are_in_the_order_of_their_names_and_only_those_that_went_down(void **state)
{
    static const char *const names[] = {"m", "c", "z", "a", "m"};
    struct flap_counts counts = {.now = NOW};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(flap_counts_add(&counts, names[i], NOW, 1), 0);
    assert_int_equal(flap_counts_add(&counts, "none", NOW, 0), 0);
    assert_int_equal(counts.count, 4);
    for (size_t i = 1; i < counts.count; i++)
        assert_true(strcmp(counts.at[i - 1].name, counts.at[i].name) < 0);
    flap_counts_clear(&counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_goes_down_when_it_was_up),
        cmocka_unit_test(every_second_unseen_change_is_one_down),
        cmocka_unit_test(the_last_hour_is_part_of_the_last_day_and_what_is_older_is_not_counted),
        cmocka_unit_test(links_are_in_the_order_of_their_names_and_only_those_that_went_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
