/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream: what one consumer receives. */
#include "tests/unit/consumer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the history that forgets, in bytes. */
#define SMALL 4096

#define TEST(test)       cmocka_unit_test_setup_teardown(test, start, stop)
#define TEST_SMALL(test) cmocka_unit_test_setup_teardown(test, start_small, stop)

struct trial {
    struct world world;
    struct stream *stream;
};

static int start_with(void **state, size_t history_bytes)
{
    struct trial *trial = calloc(1, sizeof(*trial));

    assert_non_null(trial);
    world_start(&trial->world, history_bytes);
    *state = trial;
    return 0;
}

static int start(void **state)
{
    return start_with(state, SIZE_MAX);
}

static int start_small(void **state)
{
    return start_with(state, SMALL);
}

static int stop(void **state)
{
    struct trial *trial = *state;

    stream_free(trial->stream);
    world_stop(&trial->world);
    free(trial);
    return 0;
}

/* Begins a stream with that filter, instead of the one before. */
static void follow(struct trial *trial, const char *filter)
{
    stream_free(trial->stream);
    trial->stream = world_stream(&trial->world, filter);
}

static void resume(struct trial *trial, const char *instance, int64_t sequence)
{
    follow(trial, NULL);
    assert_int_equal(stream_resume(trial->stream, instance, sequence), 0);
}

static void notify(struct trial *trial, int ifindex, const char *name)
{
    world_notify(&trial->world, LINK(.ifindex = ifindex, .ifname = name));
}

static void remove_link(struct trial *trial, int ifindex)
{
    table_remove(trial->world.table, ifindex, CHANGE_BY_NOTIFICATION, NULL);
}

/* So many links, one event each. */
static void add_links(struct trial *trial, int first, int last)
{
    char name[IF_NAMESIZE];

    for (int ifindex = first; ifindex <= last; ifindex++) {
        snprintf(name, sizeof(name), "a%d", ifindex);
        notify(trial, ifindex, name);
    }
}

static void change_often(struct trial *trial, int ifindex, int times)
{
    for (int i = 0; i < times; i++)
        notify(trial, ifindex, i % 2 ? "x" : "y");
}

static void change_source(struct trial *trial, const char *reason)
{
    struct standing_report source = {
        .standing = STANDING_DENIED, .reason = reason, .last_dump_usec = -1};

    assert_int_equal(history_add_source(trial->world.history, SUBJECT_LINKS, &source, 1, 2), 0);
}

/* Writes the next message down: its type, the link's index or how many events were lost, and its
 * number. */
static void describe_next(struct stream *stream, char *text, size_t size)
{
    struct reply reply;

    if (!stream_read(stream, &reply))
        snprintf(text, size, "nothing");
    else if (reply.ifindex)
        snprintf(text, size, "%s %d @%d", reply.type, reply.ifindex, (int)reply.sequence);
    else if (strcmp(reply.type, "lost") == 0)
        snprintf(text, size, "lost %d @%d", (int)reply.lost, (int)reply.sequence);
    else
        snprintf(text, size, "%s @%d", reply.type, (int)reply.sequence);
}

static void append(char *text, size_t size, const char *more)
{
    size_t length = strlen(text);

    snprintf(text + length, size - length, "%s", more);
}

/* Reads as many messages as there are in the words: "snapshot 2 @3, ready @3". A full stop says
 * that no further one follows. Of "lost -1" the number is unknown. */
__attribute__((format(printf, 2, 3))) static void expect(struct trial *trial, const char *format,
                                                         ...)
{
    char words[256], emitted[256] = "", message[64];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    for (const char *at = words; at && *words != '.'; at = strchr(at + 1, ',')) {
        describe_next(trial->stream, message, sizeof(message));
        append(emitted, sizeof(emitted), *emitted ? ", " : "");
        append(emitted, sizeof(emitted), message);
    }
    if (strchr(words, '.') && !stream_read(trial->stream, &(struct reply){.lost = 0}))
        append(emitted, sizeof(emitted), ".");
    assert_string_equal(emitted, words);
}

/* --- the snapshot */

static void a_snapshot_of_each_link_then_ready_then_events(void **state)
{
    struct trial *trial = *state;

    notify(trial, 5, "e");
    notify(trial, 2, "b");
    follow(trial, NULL);
    expect(trial, "snapshot 2 @2, snapshot 5 @2, ready @2.");
    notify(trial, 3, "c");
    notify(trial, 2, "bb");
    remove_link(trial, 5);
    expect(trial, "add 3 @3, change 2 @4, remove 5 @5.");
}

static void with_no_links_ready_comes_alone(void **state)
{
    struct trial *trial = *state;

    follow(trial, NULL);
    expect(trial, "ready @0.");
    trial->stream = stream_free(trial->stream);
    assert_null(trial->stream);
    assert_null(stream_free(NULL));
}

static void during_the_snapshot_events_of_links_it_has_passed_are_emitted(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 2, 4);
    follow(trial, NULL);
    expect(trial, "snapshot 2 @3, snapshot 3 @3");
    notify(trial, 2, "passed");      /* 4: passed */
    notify(trial, 4, "in snapshot"); /* 5: yet to come */
    notify(trial, 1, "new below");   /* 6: passed by its index */
    notify(trial, 9, "new above");   /* 7: yet to come */
    remove_link(trial, 3);           /* 8: passed */
    expect(trial, "change 2 @4, add 1 @6, remove 3 @8, snapshot 4 @8, snapshot 9 @8, ready @8.");
}

static bool emits_more(struct trial *trial, const char *type, uint64_t sequence)
{
    struct reply reply;

    assert_true(stream_read(trial->stream, &reply));
    assert_string_equal(reply.type, type);
    assert_int_equal(reply.sequence, sequence);
    return reply.more_follows;
}

/* Who resumed from such a position would miss the rest of the snapshot. */
static void whatever_comes_before_ready_says_that_more_follows(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 2, 3);
    follow(trial, NULL);
    assert_true(emits_more(trial, "snapshot", 2));
    notify(trial, 2, "passed");
    change_source(trial, "");
    assert_true(emits_more(trial, "change", 3));
    assert_true(emits_more(trial, "source", 4));
    assert_true(emits_more(trial, "snapshot", 4));
    notify(trial, 3, "passed, too");
    assert_true(emits_more(trial, "change", 5));
    assert_false(emits_more(trial, "ready", 5));
    notify(trial, 3, "again");
    assert_false(emits_more(trial, "change", 6));

    resume(trial, INSTANCE, 5);
    assert_false(emits_more(trial, "change", 6));
    assert_false(emits_more(trial, "ready", 6));
}

static void a_link_that_goes_before_its_turn_is_not_mentioned(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 2, 3);
    follow(trial, NULL);
    expect(trial, "snapshot 2 @2");
    remove_link(trial, 3);
    expect(trial, "ready @3");
}

static void a_change_of_the_source_is_emitted_during_the_snapshot(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 2, 3);
    follow(trial, NULL);
    expect(trial, "snapshot 2 @2");
    change_source(trial, "");
    expect(trial, "source @3, snapshot 3 @3");
}

/* --- before the first complete dump */

static void before_the_first_dump_the_source_comes_alone_and_the_snapshot_after_it(void **state)
{
    struct trial *trial = *state;

    trial->world.source.last_dump_usec = -1;
    change_source(trial, "a");
    follow(trial, NULL);
    expect(trial, "source @1.");
    notify(trial, 2, "a"); /* of a dump that does not come to its end */
    expect(trial, ".");
    change_source(trial, "b");
    expect(trial, "source @3.");
    trial->world.source.last_dump_usec = 0;
    expect(trial, "snapshot 2 @3, ready @3.");
}

static void before_the_first_dump_who_resumes_elsewhere_gets_lost_and_the_source(void **state)
{
    struct trial *trial = *state;

    trial->world.source.last_dump_usec = -1;
    change_source(trial, "a");
    resume(trial, "another", 7);
    expect(trial, "lost -1 @1, source @1.");
    trial->world.source.last_dump_usec = 0;
    expect(trial, "ready @1");
}

static void before_the_first_dump_who_resumes_here_gets_events_and_no_ready(void **state)
{
    struct trial *trial = *state;

    trial->world.source.last_dump_usec = -1;
    change_source(trial, "a");
    notify(trial, 2, "a");
    resume(trial, INSTANCE, 1);
    expect(trial, "source @1, add 2 @2.");
    trial->world.source.last_dump_usec = 0;
    expect(trial, "ready @2");
}

static void a_filter_holds_for_snapshot_and_events(void **state)
{
    struct trial *trial = *state;

    notify(trial, 2, "eth0");
    notify(trial, 3, "wan");
    follow(trial, "{\"names\":[\"eth*\"]}");
    expect(trial, "snapshot 2 @2, ready @2");
    notify(trial, 3, "lan");
    notify(trial, 3, "eth1");
    notify(trial, 3, "wan");
    notify(trial, 3, "lan");
    expect(trial, "change 3 @4, change 3 @5.");
}

/* --- resuming */

static void since_a_position_emits_what_happened_after_it(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 1, 5);
    resume(trial, INSTANCE, 3);
    expect(trial, "add 4 @4, add 5 @5, ready @5");
    notify(trial, 6, "f");
    expect(trial, "add 6 @6.");
}

static void since_the_newest_or_the_beginning_is_a_position_too(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 1, 2);
    resume(trial, INSTANCE, 2);
    expect(trial, "ready @2.");
    resume(trial, INSTANCE, 0);
    expect(trial, "add 1 @1, add 2 @2, ready @2");
}

static void a_position_that_has_not_happened_is_out_of_range(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 1, 2);
    follow(trial, NULL);
    assert_int_equal(stream_resume(trial->stream, INSTANCE, 3), -ERANGE);
    assert_int_equal(stream_resume(trial->stream, INSTANCE, -1), -ERANGE);
    assert_int_equal(stream_resume(trial->stream, INSTANCE, INT64_MAX), -ERANGE);
}

static void another_instance_is_lost_without_a_number_and_a_snapshot(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 1, 2);
    resume(trial, "fedcba9876543210fedcba9876543210", 99);
    expect(trial, "lost -1 @2, snapshot 1 @2, snapshot 2 @2, ready @2");
    assert_int_equal(trial->world.origin.events_lost, 0);
}

/* A snapshot is no news, and neither is what a consumer that comes back has missed. */
static void the_delay_of_what_a_consumer_waited_for_is_counted(void **state)
{
    struct trial *trial = *state;
    const struct delays *delays = &trial->world.origin.delays;

    add_links(trial, 1, 3);
    resume(trial, INSTANCE, 1);
    expect(trial, "add 2 @2, add 3 @3");
    assert_int_equal(delays->count, 0);
    notify(trial, 2, "awaited");
    expect(trial, "change 2 @4");
    notify(trial, 3, "awaited, too");
    expect(trial, "change 3 @5");
    assert_int_equal(delays->count, 2);
    assert_int_equal(delays->sum_usec, 2 * WORLD_DELAY);
    for (size_t i = 0; i < METRIC_BOUNDS; i++)
        assert_int_equal(delays->within[i], metric_bounds[i].usec == 10000 ? 2 : 0);
}

static void events_that_are_emitted_together_are_one_delivery(void **state)
{
    struct trial *trial = *state;
    struct buffer *buffer;

    follow(trial, NULL);
    expect(trial, "ready @0");
    add_links(trial, 1, 3);
    assert_int_equal(stream_next(trial->stream, NULL, &buffer), 1);
    buffer_unref(buffer);
    assert_int_equal(trial->world.origin.delays.count, 1);
    assert_int_equal(trial->world.origin.delays.sum_usec, WORLD_DELAY);
}

static void a_position_that_is_forgotten_is_lost_with_the_exact_number(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 1, 100);
    resume(trial, INSTANCE, 10);
    expect(trial, "lost 90 @100, snapshot 1 @100");
    assert_int_equal(trial->world.origin.events_lost, 90);
}

static void the_last_position_that_is_held_can_be_resumed_and_the_one_before_not(void **state)
{
    struct trial *trial = *state;
    int oldest;

    add_links(trial, 1, 100);
    oldest = (int)history_oldest(trial->world.history);
    resume(trial, INSTANCE, oldest - 1);
    expect(trial, "add %d @%d", oldest, oldest);
    oldest = (int)history_oldest(trial->world.history);
    resume(trial, INSTANCE, oldest - 2);
    expect(trial, "lost %d @100", 100 - (oldest - 2));
}

/* --- from the oldest event */

static void a_replay_begins_with_the_first_event_and_has_no_snapshot(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 1, 2);
    remove_link(trial, 1);
    follow(trial, NULL);
    stream_replay(trial->stream);
    expect(trial, "add 1 @1, add 2 @2, remove 1 @3, ready @3.");
}

static void a_replay_without_events_is_ready(void **state)
{
    struct trial *trial = *state;

    follow(trial, NULL);
    stream_replay(trial->stream);
    expect(trial, "ready @0.");
}

static void a_replay_tells_how_many_events_are_not_held_which_nobody_lost(void **state)
{
    struct trial *trial = *state;
    int oldest;

    add_links(trial, 1, 100);
    oldest = (int)history_oldest(trial->world.history);
    follow(trial, NULL);
    stream_replay(trial->stream);
    assert_true(oldest > 1);
    expect(trial, "lost %d @%d, add %d @%d", oldest - 1, oldest - 1, oldest, oldest);
    assert_int_equal(trial->world.origin.events_lost, 0);
}

/* --- too slow */

static void who_is_overtaken_learns_how_many_it_lost_and_gets_a_snapshot(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 1, 2);
    follow(trial, NULL);
    expect(trial, "snapshot 1 @2, snapshot 2 @2, ready @2");
    change_often(trial, 1, 100);
    expect(trial, "lost 100 @102, snapshot 1 @102, snapshot 2 @102, ready @102.");
    assert_int_equal(trial->world.origin.events_lost, 100);
}

static void who_is_overtaken_again_before_it_knows_learns_the_sum(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 1, 100);
    resume(trial, INSTANCE, 10);
    add_links(trial, 101, 200);
    expect(trial, "lost 190 @200");
    assert_int_equal(trial->world.origin.events_lost, 190);

    resume(trial, "fedcba9876543210fedcba9876543210", 10);
    add_links(trial, 201, 300);
    expect(trial, "lost -1 @300");
}

static void who_is_overtaken_in_the_snapshot_gets_a_new_one(void **state)
{
    struct trial *trial = *state;

    add_links(trial, 1, 3);
    follow(trial, NULL);
    expect(trial, "snapshot 1 @3, snapshot 2 @3");
    change_often(trial, 1, 100);
    expect(trial, "lost 100 @103, snapshot 1 @103");
}

/* How many messages the next piece of the stream has. */
static size_t messages_of_next(struct trial *trial)
{
    struct buffer *piece;
    size_t count = 0;

    if (stream_next(trial->stream, NULL, &piece) == 0)
        return 0;
    for (size_t i = 0; i < piece->length; i++)
        count += piece->data[i] == '\0';
    assert_int_equal(piece->data[piece->length - 1], '\0');
    buffer_unref(piece);
    return count;
}

static void who_wants_everything_gets_many_events_in_one_piece(void **state)
{
    struct trial *trial = *state;

    trial->world.origin.piece_bytes = STREAM_PIECE_BYTES;
    add_links(trial, 1, 2);
    follow(trial, NULL);
    assert_int_equal(messages_of_next(trial), 2); /* the snapshot */
    assert_int_equal(messages_of_next(trial), 1); /* ready */
    assert_int_equal(messages_of_next(trial), 0);
    add_links(trial, 3, 7);
    assert_int_equal(messages_of_next(trial), 5);
    assert_int_equal(messages_of_next(trial), 0);
}

static void who_filters_gets_no_event_of_others_in_a_piece(void **state)
{
    struct trial *trial = *state;

    follow(trial, "{\"indexes\":[2,4]}");
    assert_int_equal(messages_of_next(trial), 1);
    assert_int_equal(messages_of_next(trial), 0);
    add_links(trial, 1, 5);
    assert_int_equal(messages_of_next(trial), 1);
    assert_int_equal(messages_of_next(trial), 1);
    assert_int_equal(messages_of_next(trial), 0);
}

/* How many slices it takes until there is a message, or nothing. */
static unsigned slices_until(struct trial *trial, int expected, struct buffer **message)
{
    unsigned slices = 0;
    int r;

    do {
        struct slice slice = slice_of(200);

        r = stream_next(trial->stream, &slice, message);
        slices++;
    } while (r == -EAGAIN);
    assert_int_equal(r, expected);
    return slices;
}

static void who_filters_much_away_gives_others_their_turn(void **state)
{
    struct trial *trial = *state;
    struct buffer *message = NULL;
    unsigned slices;

    add_links(trial, 1, 3000);
    follow(trial, "{\"names\":[\"nosuch\"]}");
    slices = slices_until(trial, 1, &message);
    assert_int_in_range(slices, 3000 / 200, 2 * 3000 / 200 + 1);
    assert_non_null(strstr(message->data, "\"ready\""));
    buffer_unref(message);
    change_often(trial, 1, 6000);
    slices = slices_until(trial, 0, &message);
    assert_int_in_range(slices, 6000 / 200, 3 * 6000 / 200 + 1);
}

static void a_link_that_changes_while_it_is_matched_is_emitted_as_it_was_and_then_as_it_is(
    void **state)
{
    struct trial *trial = *state;
    struct slice slice;
    struct buffer *message = NULL;

    notify(trial, 5, "abc");
    follow(trial, "{\"names\":[\"x\", \"y\", \"a*\", \"z\"]}");
    slice = slice_of(1);
    assert_int_equal(stream_next(trial->stream, &slice, &message), -EAGAIN);
    notify(trial, 5, "z");
    notify(trial, 4, "y");
    expect(trial, "snapshot 5 @1, change 5 @2, add 4 @3, ready @3.");
}

static void who_is_overtaken_gets_lost_before_any_piece(void **state)
{
    struct trial *trial = *state;
    struct buffer *piece;

    follow(trial, NULL);
    assert_int_equal(messages_of_next(trial), 1);
    add_links(trial, 1, 100);
    assert_int_equal(stream_next(trial->stream, NULL, &piece), 1);
    assert_non_null(strstr(piece->data, "\"type\":\"lost\""));
    buffer_unref(piece);
}

static void who_does_not_read_holds_nothing_of_the_past(void **state)
{
    struct trial *trial = *state;
    struct link *first = LINK(.ifindex = 1, .ifname = "first");
    struct reply reply;

    world_notify(&trial->world, link_ref(first));
    follow(trial, NULL);
    assert_true(stream_read(trial->stream, &reply));
    change_often(trial, 1, 1000);
    assert_int_equal(first->object.references, 1);
    assert_null(first->object.json);
    link_unref(first);
}

static void what_was_made_for_snapshots_does_not_outlive_the_link(void **state)
{
    struct trial *trial = *state;
    struct link *link = LINK(.ifindex = 1, .ifname = "a");
    struct reply reply;

    world_notify(&trial->world, link_ref(link));
    follow(trial, NULL);
    assert_true(stream_read(trial->stream, &reply));
    assert_non_null(link->object.json);
    remove_link(trial, 1);
    assert_null(link->object.json);
    link_unref(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_snapshot_of_each_link_then_ready_then_events),
        TEST(with_no_links_ready_comes_alone),
        TEST(during_the_snapshot_events_of_links_it_has_passed_are_emitted),
        TEST(whatever_comes_before_ready_says_that_more_follows),
        TEST(a_link_that_goes_before_its_turn_is_not_mentioned),
        TEST(a_change_of_the_source_is_emitted_during_the_snapshot),
        TEST(before_the_first_dump_the_source_comes_alone_and_the_snapshot_after_it),
        TEST(before_the_first_dump_who_resumes_elsewhere_gets_lost_and_the_source),
        TEST(before_the_first_dump_who_resumes_here_gets_events_and_no_ready),
        TEST(a_filter_holds_for_snapshot_and_events),
        TEST(since_a_position_emits_what_happened_after_it),
        TEST(since_the_newest_or_the_beginning_is_a_position_too),
        TEST(a_position_that_has_not_happened_is_out_of_range),
        TEST(another_instance_is_lost_without_a_number_and_a_snapshot),
        TEST(the_delay_of_what_a_consumer_waited_for_is_counted),
        TEST(events_that_are_emitted_together_are_one_delivery),
        TEST_SMALL(a_position_that_is_forgotten_is_lost_with_the_exact_number),
        TEST_SMALL(the_last_position_that_is_held_can_be_resumed_and_the_one_before_not),
        TEST(a_replay_begins_with_the_first_event_and_has_no_snapshot),
        TEST(a_replay_without_events_is_ready),
        TEST_SMALL(a_replay_tells_how_many_events_are_not_held_which_nobody_lost),
        TEST_SMALL(who_is_overtaken_learns_how_many_it_lost_and_gets_a_snapshot),
        TEST_SMALL(who_is_overtaken_again_before_it_knows_learns_the_sum),
        TEST_SMALL(who_is_overtaken_in_the_snapshot_gets_a_new_one),
        TEST(who_wants_everything_gets_many_events_in_one_piece),
        TEST(who_filters_gets_no_event_of_others_in_a_piece),
        TEST(who_filters_much_away_gives_others_their_turn),
        TEST(a_link_that_changes_while_it_is_matched_is_emitted_as_it_was_and_then_as_it_is),
        TEST_SMALL(who_is_overtaken_gets_lost_before_any_piece),
        TEST_SMALL(who_does_not_read_holds_nothing_of_the_past),
        TEST(what_was_made_for_snapshots_does_not_outlive_the_link),
    };

    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
