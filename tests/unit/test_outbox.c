/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* buffer and outbox: shared bytes on their way into a socket. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/outbox.h"

struct pair {
    int ours;
    int theirs;
};

static void start(struct pair *pair)
{
    int fds[2];
    int small = 1;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    *pair = (struct pair){.ours = fds[0], .theirs = fds[1]};
}

static void finish(struct pair *pair)
{
    close(pair->ours);
    if (pair->theirs >= 0)
        close(pair->theirs);
}

static struct buffer *buffer_of(const char *text)
{
    struct buffer *buffer = buffer_new(strlen(text));

    assert_non_null(buffer);
    memcpy(buffer->data, text, buffer->length);
    return buffer;
}

static size_t read_into(const struct pair *pair, char *to, size_t size)
{
    ssize_t n = read(pair->theirs, to, size);

    return n > 0 ? (size_t)n : 0;
}

static void a_buffer_lives_as_long_as_it_is_referred_to(void **state)
{
    struct buffer *buffer = buffer_of("abc");

    (void)state;
    assert_int_equal(buffer->references, 1);
    assert_int_equal(buffer->length, 3);
    assert_ptr_equal(buffer_ref(buffer), buffer);
    assert_null(buffer_unref(buffer));
    assert_memory_equal(buffer->data, "abc", 3);
    assert_null(buffer_unref(buffer));
    assert_null(buffer_ref(NULL));
    assert_null(buffer_unref(NULL));
}

static void buffers_are_written_in_order_and_let_go(void **state)
{
    struct outbox outbox = {0};
    struct buffer *shared = buffer_of("two");
    struct pair pair;
    char text[32] = "";

    (void)state;
    start(&pair);
    assert_int_equal(outbox_push(&outbox, buffer_of("one")), 0);
    assert_int_equal(outbox_push(&outbox, buffer_ref(shared)), 0);
    assert_int_equal(outbox_push(&outbox, buffer_of("")), 0);
    assert_int_equal(outbox_push(&outbox, buffer_of("three")), 0);
    assert_int_equal(outbox.count, 4);
    assert_int_equal(outbox_write(&outbox, pair.ours, SIZE_MAX), 1);
    assert_int_equal(outbox.count, 0);
    assert_int_equal(shared->references, 1);
    assert_int_equal(read_into(&pair, text, sizeof(text)), 11);
    assert_string_equal(text, "onetwothree");
    buffer_unref(shared);
    outbox_clear(&outbox);
    finish(&pair);
}

static void empty_buffers_alone_are_written_too(void **state)
{
    struct outbox outbox = {0};
    struct pair pair;

    (void)state;
    start(&pair);
    for (int i = 0; i < 100; i++)
        assert_int_equal(outbox_push(&outbox, buffer_of("")), 0);
    assert_int_equal(outbox_write(&outbox, pair.ours, SIZE_MAX), 1);
    assert_int_equal(outbox.count, 0);
    outbox_clear(&outbox);
    finish(&pair);
}

static void nothing_to_write_is_nothing_left(void **state)
{
    struct outbox outbox = {0};
    struct pair pair;

    (void)state;
    start(&pair);
    assert_int_equal(outbox_write(&outbox, pair.ours, SIZE_MAX), 1);
    outbox_clear(&outbox);
    finish(&pair);
}

static void what_the_socket_does_not_take_goes_on_where_it_stopped(void **state)
{
    enum { PIECES = 300, SIZE = 997 };
    struct outbox outbox = {0};
    struct pair pair;
    char *all = malloc(PIECES * SIZE);
    size_t received = 0;
    unsigned blocked = 0;

    (void)state;
    assert_non_null(all);
    start(&pair);
    for (int i = 0; i < PIECES; i++) {
        struct buffer *buffer = buffer_new(SIZE);

        assert_non_null(buffer);
        memset(buffer->data, i % 251, SIZE);
        assert_int_equal(outbox_push(&outbox, buffer), 0);
    }
    while (received < PIECES * SIZE) {
        size_t left = PIECES * SIZE - received;

        blocked += outbox_write(&outbox, pair.ours, SIZE_MAX) == 0;
        received += read_into(&pair, all + received, left < 1234 ? left : 1234);
    }
    assert_true(blocked > 10);
    assert_int_equal(outbox_write(&outbox, pair.ours, SIZE_MAX), 1);
    for (size_t i = 0; i < PIECES * SIZE; i++)
        assert_int_equal((unsigned char)all[i], i / SIZE % 251);
    free(all);
    outbox_clear(&outbox);
    finish(&pair);
}

static void a_shared_buffer_is_held_until_its_last_byte_is_written(void **state)
{
    struct outbox outbox = {0};
    struct buffer *shared = buffer_new(1000000);
    struct pair pair;
    char chunk[4096];

    (void)state;
    assert_non_null(shared);
    memset(shared->data, 'x', shared->length);
    start(&pair);
    assert_int_equal(outbox_push(&outbox, buffer_ref(shared)), 0);
    while (outbox_write(&outbox, pair.ours, SIZE_MAX) == 0) {
        assert_int_equal(shared->references, 2);
        assert_true(read_into(&pair, chunk, sizeof(chunk)) > 0);
    }
    assert_int_equal(shared->references, 1);
    buffer_unref(shared);
    outbox_clear(&outbox);
    finish(&pair);
}

static void clearing_lets_go_of_what_was_not_written(void **state)
{
    struct outbox outbox = {0};
    struct buffer *shared = buffer_of("shared");

    (void)state;
    for (int i = 0; i < 20; i++)
        assert_int_equal(outbox_push(&outbox, buffer_ref(shared)), 0);
    assert_int_equal(shared->references, 21);
    outbox_clear(&outbox);
    assert_int_equal(shared->references, 1);
    assert_int_equal(outbox.count, 0);
    outbox_clear(&outbox);
    buffer_unref(shared);
}

static void a_reader_who_went_away_is_an_error_and_no_signal(void **state)
{
    struct outbox outbox = {0};
    struct pair pair;

    (void)state;
    start(&pair);
    close(pair.theirs);
    pair.theirs = -1;
    assert_int_equal(outbox_push(&outbox, buffer_of("x")), 0);
    assert_int_equal(outbox_write(&outbox, pair.ours, SIZE_MAX), -EPIPE);
    outbox_clear(&outbox);
    finish(&pair);
}

static void at_rest_it_keeps_next_to_no_memory(void **state)
{
    struct outbox outbox = {0};
    struct pair pair;
    char text[2048];

    (void)state;
    start(&pair);
    for (int i = 0; i < 100; i++)
        assert_int_equal(outbox_push(&outbox, buffer_of("x")), 0);
    assert_true(outbox.capacity >= 100);
    while (outbox_write(&outbox, pair.ours, SIZE_MAX) == 0)
        read_into(&pair, text, sizeof(text));
    assert_int_in_range(outbox.capacity, 0, 8);
    outbox_clear(&outbox);
    finish(&pair);
}

static void a_queue_that_is_never_empty_does_not_grow(void **state)
{
    struct outbox outbox = {0};
    struct pair pair;
    char chunk[8192];

    (void)state;
    start(&pair);
    for (int i = 0; i < 5000; i++) {
        struct buffer *buffer = buffer_new(4000);

        assert_non_null(buffer);
        memset(buffer->data, 'x', buffer->length);
        assert_int_equal(outbox_push(&outbox, buffer), 0);
        outbox_write(&outbox, pair.ours, SIZE_MAX);
        if (outbox.count > 4)
            read_into(&pair, chunk, sizeof(chunk));
    }
    assert_true(outbox.count > 0);
    assert_int_in_range(outbox.capacity, 1, 64);
    outbox_clear(&outbox);
    finish(&pair);
}

static void no_more_is_written_at_once_than_is_wanted(void **state)
{
    struct outbox outbox = {0};
    struct pair pair;
    char text[4096] = "";

    (void)state;
    start(&pair);
    memset(text, 'x', sizeof(text) - 1);
    for (int i = 0; i < 500; i++)
        assert_int_equal(outbox_push(&outbox, buffer_of("12345")), 0);
    assert_int_equal(outbox_write(&outbox, pair.ours, 1), OUTBOX_MORE);
    assert_int_in_range(read_into(&pair, text, sizeof(text)), 1, 1500);
    for (int r = OUTBOX_MORE; r != 1; r = outbox_write(&outbox, pair.ours, 1)) {
        assert_int_equal(r, OUTBOX_MORE);
        assert_true(outbox.count > 0);
        read_into(&pair, text, sizeof(text));
    }
    assert_int_equal(outbox.count, 0);
    outbox_clear(&outbox);
    finish(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_is_written_at_once_than_is_wanted),
        cmocka_unit_test(a_buffer_lives_as_long_as_it_is_referred_to),
        cmocka_unit_test(buffers_are_written_in_order_and_let_go),
        cmocka_unit_test(empty_buffers_alone_are_written_too),
        cmocka_unit_test(nothing_to_write_is_nothing_left),
        cmocka_unit_test(what_the_socket_does_not_take_goes_on_where_it_stopped),
        cmocka_unit_test(a_shared_buffer_is_held_until_its_last_byte_is_written),
        cmocka_unit_test(clearing_lets_go_of_what_was_not_written),
        cmocka_unit_test(a_reader_who_went_away_is_an_error_and_no_signal),
        cmocka_unit_test(at_rest_it_keeps_next_to_no_memory),
        cmocka_unit_test(a_queue_that_is_never_empty_does_not_grow),
    };

    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
