/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json_text: what linkwatchctl writes as JSON without jansson, and what a change has in its "old".
 */
#include <stdlib.h>

#include "client/ctl/json_text.h"
#include "tests/unit/unit_test.h"

static void assert_written(const char *text, bool is_utf8, const char *expected)
{
    char *written = NULL;
    size_t size;
    FILE *to = open_memstream(&written, &size);

    assert_non_null(to);
    assert_int_equal(json_write_string(to, text), is_utf8);
    fclose(to);
    assert_string_equal(written, expected);
    free(written);
}

static void any_text_is_a_string_of_ascii(void **state)
{
    (void)state;
    assert_written("", true, "\"\"");
    assert_written("a \"b\" \\c /", true, "\"a \\\"b\\\" \\\\c /\"");
    assert_written("\x1b[1m\n\x7f", true, "\"\\u001b[1m\\u000a\\u007f\"");
    assert_written("é€😀", true, "\"\\u00e9\\u20ac\\ud83d\\ude00\"");
}

static void each_byte_that_is_not_utf_8_is_a_replacement_character(void **state)
{
    (void)state;
    assert_written("a\xff\xc3", false, "\"a\\ufffd\\ufffd\"");
    assert_written("\xed\xa0\x80z", false, "\"\\ufffd\\ufffd\\ufffdz\"");
}

static void assert_pretty(const char *value, const char *expected)
{
    char *written = NULL;
    size_t size;
    FILE *to = open_memstream(&written, &size);

    assert_non_null(to);
    json_write_pretty(to, value);
    fclose(to);
    assert_string_equal(written, expected);
    free(written);
}

static void pretty_json_has_its_numbers_and_escapes_as_they_were(void **state)
{
    (void)state;
    assert_pretty("{\"a\":0.000100,\"b\":[1,\"\\u00e9,:{\\\"\"],\"c\":[],\"d\":{}}",
                  "{\n  \"a\": 0.000100,\n  \"b\": [\n    1,\n    \"\\u00e9,:{\\\"\"\n  ],\n"
                  "  \"c\": [],\n  \"d\": {}\n}");
}

static void assert_old(const char *before, const char *now, const char *expected)
{
    char *old = json_old(before, now);

    assert_non_null(old);
    assert_string_equal(old, expected);
    free(old);
}

static void old_has_the_members_that_differ_and_null_for_new_ones(void **state)
{
    (void)state;
    assert_old("{\"z\":1,\"a\":{\"b\":[2]},\"c\":\"\\u00E9\"}",
               "{\"n\":null,\"a\":{\"b\":[3]},\"z\":1}",
               "{\"a\":{\"b\":[2]},\"c\":\"\\u00E9\",\"n\":null}");
    assert_old("{\"a\":1}", "{\"a\":1}", "{}");
}

static void old_has_no_times(void **state)
{
    (void)state;
    assert_old("{\"since_usec\":1,\"last_up_usec\":2,\"mtu\":3}",
               "{\"since_first_dump\":true,\"last_down_usec\":4,\"mtu\":5}", "{\"mtu\":3}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_is_a_string_of_ascii),
        cmocka_unit_test(each_byte_that_is_not_utf_8_is_a_replacement_character),
        cmocka_unit_test(pretty_json_has_its_numbers_and_escapes_as_they_were),
        cmocka_unit_test(old_has_the_members_that_differ_and_null_for_new_ones),
        cmocka_unit_test(old_has_no_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
