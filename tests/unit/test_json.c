/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json: what is read, and what is over a limit. */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/json.h"

static const struct json_limits few = {.depth = 3, .values = 8, .string = 24};

/* The result; what was read is freed. */
static int read_within(const char *text, const struct json_limits *limits)
{
    json_t *json = NULL;
    int r = json_read(text, strlen(text), JSON_REJECT_DUPLICATES, limits, &json);

    assert_true(r == 0 ? json != NULL : json == NULL);
    json_decref(json);
    return r;
}

static void what_is_within_the_limits_is_read(void **state)
{
    static const char *const documents[] = {
        "[]",
        "{}",
        " { } ",
        "[[[]]]",
        "[[],[],[]]",
        "[[[]],[]]",
        "{\"a\":{\"b\":[1,2,3]}}",
        "[1,2,3,4,5,6,7,8]",
        "{\"a\":1,\"b\":2,\"c\":[-1.5e300,true,false,null]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        assert_int_equal(read_within(documents[i], &few), 0);
}

static void what_is_over_a_limit_is_not(void **state)
{
    static const char *const documents[] = {
        "[[[[]]]]",
        "{\"a\":{\"a\":{\"a\":{\"a\":1}}}}",
        "[1,2,3,4,5,6,7,8,9]",
        "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9}",
        "[[],[],[],[],[]]",
        "[[[[[[[[[[[[", /* and what comes then, doesn't matter */
        "[1,2,3,4,5,6,7,8,9,nonsense",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        assert_int_equal(read_within(documents[i], &few), -E2BIG);
}

static void brackets_and_commas_in_strings_do_not_count(void **state)
{
    (void)state;
    assert_int_equal(read_within("[\"[[[[[,,,,,,,,,,{{{{{\"]", &few), 0);
    assert_int_equal(read_within("[\"\\\"[[[[[,,,,,,,,,\\\\\",\"[[[[[\\\\\\\"[[[[[\"]", &few), 0);
    assert_int_equal(read_within("{\"[[[[[\":\",,,,,,,,,\"}", &few), 0);
    assert_int_equal(read_within("[\"\\\\\",[[[[]]]]]", &few), -E2BIG);
}

static void a_string_may_be_so_long_as_it_is_written(void **state)
{
    (void)state;
    assert_int_equal(
        read_within("[\"123456789012345678901234\",\"123456789012345678901234\"]", &few), 0);
    assert_int_equal(read_within("[\"1234567890123456789012345\"]", &few), -E2BIG);
    assert_int_equal(read_within("{\"1234567890123456789012345\":1}", &few), -E2BIG);
    assert_int_equal(read_within("[\"\\u0041\\u0041\\u0041\\u0041\"]", &few), 0);
    assert_int_equal(read_within("[\"\\u0041\\u0041\\u0041\\u0041A\"]", &few), -E2BIG);
    assert_int_equal(read_within("[\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\"]", &few),
                     0);
    assert_int_equal(read_within("[\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"1\"]", &few),
                     -E2BIG);
    assert_int_equal(read_within("[1234567890123456789012345.0]", &few), 0);
}

static void what_is_no_document_is_refused(void **state)
{
    static const char *const texts[] = {
        "",        " ",          "nonsense", "[",   "]",          "}}}}}",
        "[}",      "[1,]",       "{1}",      "[\"", "[\"\\\"",    "{\"a\":1,}",
        "[1] [2]", "[\"\x01\"]", "[01]",     "5",   "[\"\xff\"]", "{\"a\":1,\"a\":2}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(read_within(texts[i], &few), -EBADMSG);
        assert_int_equal(read_within(texts[i], NULL), -EBADMSG);
    }
}

static void without_limits_there_are_none(void **state)
{
    char text[4002];
    size_t length = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "[");
    for (int i = 0; i < 1000; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "1,");
    length += (size_t)snprintf(text + length, sizeof(text) - length, "1");
    for (int i = 0; i < 999; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "]");
    assert_int_equal(read_within(text, NULL), -EBADMSG);
    text[length++] = ']';
    text[length] = '\0';
    assert_int_equal(read_within(text, NULL), 0);
    assert_int_equal(read_within(text, &few), -E2BIG);
}

/* --- any text */

/* NOLINTNEXTLINE(misc-no-recursion): the texts are short */
static size_t depth_of(json_t *json)
{
    size_t i, most = 0;
    const char *name;
    json_t *value;

    json_object_foreach (json, name, value)
        most = depth_of(value) > most ? depth_of(value) : most;
    json_array_foreach (json, i, value)
        most = depth_of(value) > most ? depth_of(value) : most;
    return most + (json_is_object(json) || json_is_array(json));
}

/* A container counts, and each of its values but the first.
 * NOLINTNEXTLINE(misc-no-recursion): the texts are short */
static size_t values_of(json_t *json)
{
    size_t i, size = json_is_object(json) ? json_object_size(json) : json_array_size(json);
    size_t sum = size > 0 ? size - 1 : 0;
    const char *name;
    json_t *value;

    json_object_foreach (json, name, value)
        sum += values_of(value);
    json_array_foreach (json, i, value)
        sum += values_of(value);
    return sum + (json_is_object(json) || json_is_array(json));
}

/* Arrays of arrays; sometimes one byte is another, so that most of those are no documents. */
static void random_text(struct dice *dice, char text[512])
{
    static const char *const values[] = {"1",         "null",       "\"[,\"",
                                         "\"\\\"]\"", "{\"a\":{}}", "12345678901234567890.5"};
    unsigned depth = 1;
    bool first = true;

    strcpy(text, "[");
    for (unsigned n = roll(dice, 16); n > 0; n--) {
        if (depth > 1 && roll(dice, 3) == 0) {
            strcat(text, "]");
            depth--;
            first = false;
            continue;
        }
        strcat(text, first ? "" : ",");
        first = roll(dice, 3) == 0;
        depth += first;
        strcat(text, first ? "[" : values[roll(dice, sizeof(values) / sizeof(values[0]))]);
    }
    for (; depth > 0; depth--)
        strcat(text, "]");
    if (roll(dice, 3) == 0)
        text[roll(dice, (unsigned)strlen(text))] = "[]{},:\"\\1 "[roll(dice, 10)];
}

static void any_text_is_read_if_and_only_if_it_is_within_them(void **state)
{
    struct dice dice = {.state = 5};
    unsigned within = 0, over = 0, wrong = 0;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        char text[512];
        json_t *json = NULL;
        int expected;

        random_text(&dice, text);
        if (json_read(text, strlen(text), JSON_REJECT_DUPLICATES, NULL, &json) < 0) {
            assert_true(read_within(text, &few) < 0);
            wrong++;
            continue;
        }
        expected = depth_of(json) <= few.depth && values_of(json) <= few.values ? 0 : -E2BIG;
        json_decref(json);
        assert_int_equal(read_within(text, &few), expected);
        within += expected == 0;
        over += expected != 0;
    }
    assert_true(within > 10000 && over > 10000 && wrong > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_within_the_limits_is_read),
        cmocka_unit_test(what_is_over_a_limit_is_not),
        cmocka_unit_test(brackets_and_commas_in_strings_do_not_count),
        cmocka_unit_test(a_string_may_be_so_long_as_it_is_written),
        cmocka_unit_test(what_is_no_document_is_refused),
        cmocka_unit_test(without_limits_there_are_none),
        cmocka_unit_test(any_text_is_read_if_and_only_if_it_is_within_them),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
