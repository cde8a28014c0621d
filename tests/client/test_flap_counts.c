/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* flap_counts, and texts of the journal's JSON: what linkwatchctl history counts and reads. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/flap_counts.h"
#include "client/ctl/json_members.h"
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

/* The text of the member "a" of an object, to be freed. */
static char *text_in(const char *object)
{
    struct json_member member;

    assert_true(json_find(object, "a", 1, &member));
    return json_text(&member);
}

static void assert_text(const char *object, const char *expected)
{
    char *text = text_in(object);

    if (expected)
        assert_string_equal(text, expected);
    else
        assert_null(text);
    free(text);
}

static void strings_are_read_with_their_escapes(void **state)
{
    (void)state;
    assert_text("{\"a\":\"x\"}", "x");
    assert_text("{\"b\":1,\"a\":\"\"}", "");
    assert_text("{\"a\":\"\\\\x1b \\\"q\\\" \\/ \\n\\t\"}", "\\x1b \"q\" / \n\t");
    assert_text("{\"a\":\"\\u00e9 \\u20ac \\ud83d\\ude00\"}", "é € 😀");
    assert_text("{\"a\":[\"first\",\"second\"]}", "first");
}

static void what_is_no_string_has_no_text(void **state)
{
    (void)state;
    assert_text("{\"a\":1}", NULL);
    assert_text("{\"a\":null}", NULL);
    assert_text("{\"a\":[1,2]}", NULL);
    assert_text("{\"a\":{\"b\":\"c\"}}", NULL);
}

/* What is cut off in the middle is read up to there, and nothing behind it. */
static void broken_strings_end_where_they_end(void **state)
{
    (void)state;
    assert_text("{\"a\":\"\\u00", "?");
    assert_text("{\"a\":\"x\\ud83d\\u", "x\xf0\x9f\x90\x80");
    assert_text("{\"a\":\"x\\", "x\\");
    assert_text("{\"a\":\"\\u0000\"}", "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_goes_down_when_it_was_up),
        cmocka_unit_test(every_second_unseen_change_is_one_down),
        cmocka_unit_test(the_last_hour_is_part_of_the_last_day_and_what_is_older_is_not_counted),
        cmocka_unit_test(links_are_in_the_order_of_their_names_and_only_those_that_went_down),
        cmocka_unit_test(strings_are_read_with_their_escapes),
        cmocka_unit_test(what_is_no_string_has_no_text),
        cmocka_unit_test(broken_strings_end_where_they_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
