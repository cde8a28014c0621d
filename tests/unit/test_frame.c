/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frame: whole messages out of bytes that come as they like; fields: their names. */
#include "tests/unit/support.h"

#include <errno.h>
#include <string.h>

#include "daemon/fields.h"
#include "protocol/frame.h"

static const char three[] = "{\"a\":1}\0\0{\"method\":\"x.Y\"}"; /* the second is empty */

/* Puts bytes in; as many calls as the room asks for. */
static int put(struct frame *frame, const char *bytes, size_t length)
{
    while (length > 0) {
        char *room;
        size_t size;
        int r = frame_reserve(frame, &room, &size);

        if (r < 0)
            return r;
        assert_true(size > 0);
        if (size > length)
            size = length;
        memcpy(room, bytes, size);
        frame_filled(frame, size);
        bytes += size;
        length -= size;
    }
    return 0;
}

static void assert_next(struct frame *frame, const char *expected)
{
    const char *message;
    size_t length;

    assert_int_equal(frame_next(frame, &message, &length), 1);
    assert_int_equal(length, strlen(expected));
    assert_string_equal(message, expected);
}

static void assert_none(struct frame *frame)
{
    const char *message = NULL;
    size_t length = 0;

    assert_int_equal(frame_next(frame, &message, &length), 0);
    assert_null(message);
}

static void assert_too_long(struct frame *frame)
{
    const char *message = NULL;
    size_t length = 0;

    assert_int_equal(frame_next(frame, &message, &length), -EMSGSIZE);
    assert_null(message);
    assert_int_equal(length, 0);
}

static void messages_split_at_any_byte_come_out_whole(void **state)
{
    (void)state;
    for (size_t split = 0; split <= sizeof(three); split++) {
        struct frame frame;

        frame_init(&frame, 100);
        assert_int_equal(put(&frame, three, split), 0);
        if (split < sizeof("{\"a\":1}"))
            assert_none(&frame);
        assert_int_equal(put(&frame, three + split, sizeof(three) - split), 0);
        assert_next(&frame, "{\"a\":1}");
        assert_next(&frame, "");
        assert_next(&frame, "{\"method\":\"x.Y\"}");
        assert_none(&frame);
        frame_clear(&frame);
    }
}

static void messages_that_come_byte_by_byte_come_out_whole(void **state)
{
    struct frame frame;
    size_t messages = 0;

    (void)state;
    frame_init(&frame, 100);
    for (size_t i = 0; i < sizeof(three); i++) {
        const char *message;
        size_t length;

        assert_int_equal(put(&frame, three + i, 1), 0);
        if (frame_next(&frame, &message, &length) == 1)
            messages++;
    }
    assert_int_equal(messages, 3);
    assert_int_equal(frame_pending(&frame), 0);
    frame_clear(&frame);
}

static void memory_is_given_back_when_all_was_taken(void **state)
{
    struct frame frame;

    (void)state;
    frame_init(&frame, 100);
    assert_null(frame.data);
    put(&frame, "abc", 4);
    assert_int_equal(frame_pending(&frame), 4);
    assert_next(&frame, "abc");
    assert_none(&frame);
    assert_null(frame.data);
    assert_int_equal(frame.max, 100);
    frame_clear(&frame);
}

static void a_message_of_exactly_the_limit_is_taken(void **state)
{
    struct frame frame;

    (void)state;
    frame_init(&frame, 10);
    assert_int_equal(put(&frame, "0123456789", 11), 0);
    assert_next(&frame, "0123456789");
    assert_int_equal(put(&frame, "0123456789", 10), 0);
    assert_none(&frame);
    assert_int_equal(put(&frame, "", 1), 0);
    assert_next(&frame, "0123456789");
    frame_clear(&frame);
}

static void a_message_one_byte_over_the_limit_is_refused(void **state)
{
    struct frame frame;

    (void)state;
    frame_init(&frame, 10);
    assert_int_equal(put(&frame, "0123456789a", 11), 0);
    assert_too_long(&frame);
    frame_clear(&frame);

    frame_init(&frame, 10);
    assert_int_equal(put(&frame,
                         "first\0"
                         "0123456789a",
                         18),
                     0);
    assert_next(&frame, "first");
    assert_too_long(&frame);
    frame_clear(&frame);
}

static void no_more_is_stored_of_a_message_than_the_limit(void **state)
{
    struct frame frame;
    char *room;
    size_t size;

    (void)state;
    frame_init(&frame, 5000);
    for (int i = 0; i < 5001; i++)
        assert_int_equal(put(&frame, "x", 1), 0);
    assert_too_long(&frame);
    assert_int_equal(frame_reserve(&frame, &room, &size), -EMSGSIZE);
    assert_int_equal(frame.capacity, 5001);
    frame_clear(&frame);
}

static void a_long_message_grows_over_several_reads(void **state)
{
    static char long_message[100000];
    struct frame frame;

    (void)state;
    memset(long_message, 'x', sizeof(long_message) - 1);
    frame_init(&frame, sizeof(long_message));
    for (size_t i = 0; i < sizeof(long_message); i += 1000) {
        assert_none(&frame);
        assert_int_equal(put(&frame, long_message + i, 1000), 0);
    }
    assert_next(&frame, long_message);
    frame_clear(&frame);
}

static void many_messages_in_one_read_are_taken_one_by_one(void **state)
{
    struct frame frame;

    (void)state;
    frame_init(&frame, 10);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(put(&frame, "0123456789", 11), 0);
    for (int i = 0; i < 1000; i++)
        assert_next(&frame, "0123456789");
    assert_none(&frame);
    frame_clear(&frame);
}

static void what_is_not_needed_is_given_back_and_what_waits_is_kept(void **state)
{
    const size_t max = 40000;
    struct frame frame;
    const char *message;
    size_t most, length;

    (void)state;
    frame_init(&frame, max);
    /* A long message, and the beginning of another. */
    for (size_t i = 0; i < 30000; i++)
        assert_int_equal(put(&frame, "x", 1), 0);
    assert_int_equal(put(&frame, "\0begun", 6), 0);
    most = frame.capacity;
    frame_trim(&frame);
    assert_int_in_range(frame.capacity, frame_pending(&frame), most);
    assert_int_equal(frame_next(&frame, &message, &length), 1);
    assert_int_equal(length, 30000);
    frame_trim(&frame);
    assert_int_in_range(frame.capacity, 5, 2048);
    assert_int_equal(frame_pending(&frame), 5);
    assert_int_equal(put(&frame, " and ended", 11), 0);
    assert_next(&frame, "begun and ended");
    assert_none(&frame);
    frame_trim(&frame);
    frame_clear(&frame);
}

static void random_chunks_give_the_messages_that_went_in(void **state)
{
    struct dice dice = {.state = 3};
    char stream[4096];
    size_t used = 0, at = 0, taken = 0;
    struct frame frame;

    (void)state;
    while (used < sizeof(stream) - 40) {
        size_t length = roll(&dice, 30);

        memset(stream + used, 'a' + (int)roll(&dice, 26), length);
        stream[used + length] = '\0';
        used += length + 1;
    }
    frame_init(&frame, 30);
    while (at < used) {
        size_t chunk = 1 + roll(&dice, 60);
        const char *message;
        size_t length;

        if (chunk > used - at)
            chunk = used - at;
        assert_int_equal(put(&frame, stream + at, chunk), 0);
        at += chunk;
        while (frame_next(&frame, &message, &length) == 1) {
            assert_string_equal(message, stream + taken);
            taken += length + 1;
        }
    }
    assert_int_equal(taken, used);
    assert_int_equal(frame_pending(&frame), 0);
    frame_clear(&frame);
}

static void each_field_is_found_by_its_name(void **state)
{
    (void)state;
    for (enum link_field field = 0; field < LINK_FIELD_COUNT; field++)
        assert_int_equal(field_from_name(SUBJECT_LINKS, field_name(SUBJECT_LINKS, field)), field);
    assert_string_equal(field_name(SUBJECT_LINKS, LINK_FIELD_IFINDEX), "ifindex");
    assert_string_equal(field_name(SUBJECT_LINKS, LINK_FIELD_LINKINFO), "linkinfo");
    assert_int_equal(field_from_name(SUBJECT_LINKS, "info_kind"), -ENOENT);
    assert_int_equal(field_from_name(SUBJECT_LINKS, ""), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_split_at_any_byte_come_out_whole),
        cmocka_unit_test(messages_that_come_byte_by_byte_come_out_whole),
        cmocka_unit_test(memory_is_given_back_when_all_was_taken),
        cmocka_unit_test(a_message_of_exactly_the_limit_is_taken),
        cmocka_unit_test(a_message_one_byte_over_the_limit_is_refused),
        cmocka_unit_test(no_more_is_stored_of_a_message_than_the_limit),
        cmocka_unit_test(a_long_message_grows_over_several_reads),
        cmocka_unit_test(many_messages_in_one_read_are_taken_one_by_one),
        cmocka_unit_test(what_is_not_needed_is_given_back_and_what_waits_is_kept),
        cmocka_unit_test(random_chunks_give_the_messages_that_went_in),
        cmocka_unit_test(each_field_is_found_by_its_name),
    };

    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
