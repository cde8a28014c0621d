/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text: JSON put together piece by piece. */
#include "tests/unit/support.h"

#include <errno.h>
#include <string.h>

#include "daemon/writer.h"

static void assert_made(struct writer *writer, const char *expected)
{
    struct buffer *buffer;

    assert_int_equal(writer_to_buffer(writer, &buffer), 0);
    assert_int_equal(buffer->length, strlen(expected));
    assert_memory_equal(buffer->data, expected, buffer->length);
    buffer_unref(buffer);
}

static void assert_integer(int64_t value, const char *expected)
{
    struct writer writer;

    writer_init(&writer);
    writer_put_integer(&writer, value);
    assert_made(&writer, expected);
}

static void assert_string(const char *string, const char *expected)
{
    struct writer writer;

    writer_init(&writer);
    writer_put_string(&writer, string);
    assert_made(&writer, expected);
}

static void integers_are_written_from_the_least_to_the_greatest(void **state)
{
    (void)state;
    assert_integer(0, "0");
    assert_integer(-1, "-1");
    assert_integer(1500, "1500");
    assert_integer(INT64_MIN, "-9223372036854775808");
    assert_integer(INT64_MAX, "9223372036854775807");
}

static void each_byte_of_a_string_is_as_the_library_writes_it(void **state)
{
    (void)state;
    for (int byte = 1; byte < 128; byte++) {
        const char string[] = {'a', (char)byte, 'z', '\0'};
        json_t *value = json_string(string);
        char *expected = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        assert_non_null(expected);
        assert_string(string, expected);
        free(expected);
        json_decref(value);
    }
}

static void bytes_that_are_not_utf8_are_replaced_one_by_one(void **state)
{
    (void)state;
    assert_string("", "\"\"");
    assert_string("\xC3\xA9", "\"\xC3\xA9\"");
    assert_string("a\xC3", "\"a\xEF\xBF\xBD\"");
    assert_string("\xFF\xFEz", "\"\xEF\xBF\xBD\xEF\xBF\xBDz\"");
}

static void a_text_grows_beyond_its_room(void **state)
{
    char expected[3 * WRITER_ROOM + 1];
    struct writer writer;

    (void)state;
    memset(expected, 'x', sizeof(expected) - 1);
    expected[sizeof(expected) - 1] = '\0';
    writer_init(&writer);
    for (size_t i = 0; i < sizeof(expected) - 1; i++)
        writer_put(&writer, "x");
    assert_made(&writer, expected);
    writer_init(&writer);
    writer_put(&writer, expected);
    assert_made(&writer, expected);
}

static void members_are_separated_by_commas(void **state)
{
    struct writer writer;

    (void)state;
    writer_init(&writer);
    writer_open(&writer);
    writer_key(&writer, "a");
    writer_open(&writer);
    writer_close(&writer);
    writer_put_key(&writer, "b");
    writer_open(&writer);
    writer_put_key(&writer, "{");
    writer_put_string(&writer, "{");
    writer_key(&writer, "c");
    writer_put_integer(&writer, 1);
    writer_close(&writer);
    writer_close(&writer);
    assert_made(&writer, "{\"a\":{},\"b\":{\"{\":\"{\",\"c\":1}}");
}

static void a_text_without_memory_gives_no_buffer(void **state)
{
    struct buffer *buffer = NULL;
    struct writer writer;

    (void)state;
    writer_init(&writer);
    writer_put(&writer, "{");
    writer_put_json(&writer, NULL);
    writer_put(&writer, "}");
    assert_int_equal(writer_to_buffer(&writer, &buffer), -ENOMEM);
    assert_null(buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_written_from_the_least_to_the_greatest),
        cmocka_unit_test(each_byte_of_a_string_is_as_the_library_writes_it),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_one_by_one),
        cmocka_unit_test(a_text_grows_beyond_its_room),
        cmocka_unit_test(members_are_separated_by_commas),
        cmocka_unit_test(a_text_without_memory_gives_no_buffer),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
