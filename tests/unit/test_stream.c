/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream: what one consumer receives. */
#include "tests/unit/consumer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PLENTY ((size_t)1024 * 1024)

static void notify(struct world *world, int ifindex, const char *name)
{
    world_notify(world, LINK(.ifindex = ifindex, .ifname = name));
}

static void assert_emits(struct stream *stream, const char *type, uint64_t sequence, int ifindex)
{
    struct reply reply;

    assert_true(stream_read(stream, &reply));
    assert_string_equal(reply.type, type);
    assert_int_equal(reply.sequence, sequence);
    assert_int_equal(reply.ifindex, ifindex);
}

static void assert_emits_nothing(struct stream *stream)
{
    struct reply reply;

    assert_false(stream_read(stream, &reply));
}

static void assert_emits_lost(struct stream *stream, uint64_t sequence, int64_t lost)
{
    struct reply reply;

    assert_true(stream_read(stream, &reply));
    assert_string_equal(reply.type, "lost");
    assert_int_equal(reply.sequence, sequence);
    assert_true(reply.lost == lost);
}

/* So many links, one event each. */
static void add_links(struct world *world, int first, int last)
{
    char name[IF_NAMESIZE];

    for (int ifindex = first; ifindex <= last; ifindex++) {
        snprintf(name, sizeof(name), "a%d", ifindex);
        notify(world, ifindex, name);
    }
}

/* --- the snapshot */

static void a_snapshot_of_each_link_then_ready_then_events(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    notify(&world, 5, "e");
    notify(&world, 2, "b");
    stream = world_stream(&world, NULL);
    assert_emits(stream, "snapshot", 2, 2);
    assert_emits(stream, "snapshot", 2, 5);
    assert_emits(stream, "ready", 2, 0);
    assert_emits_nothing(stream);
    notify(&world, 3, "c");
    notify(&world, 2, "bb");
    table_remove(world.table, 5, CHANGE_BY_NOTIFICATION, NULL);
    assert_emits(stream, "add", 3, 3);
    assert_emits(stream, "change", 4, 2);
    assert_emits(stream, "remove", 5, 5);
    assert_emits_nothing(stream);
    stream_free(stream);
    world_stop(&world);
}

static void with_no_links_ready_comes_alone(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    stream = world_stream(&world, NULL);
    assert_emits(stream, "ready", 0, 0);
    assert_emits_nothing(stream);
    assert_null(stream_free(stream));
    assert_null(stream_free(NULL));
    world_stop(&world);
}

static void during_the_snapshot_events_of_links_it_has_passed_are_emitted(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 2, 4);
    stream = world_stream(&world, NULL);
    assert_emits(stream, "snapshot", 3, 2);
    assert_emits(stream, "snapshot", 3, 3);
    notify(&world, 2, "passed");                                /* 4: passed */
    notify(&world, 4, "in snapshot");                           /* 5: yet to come */
    notify(&world, 1, "new below");                             /* 6: passed by its index */
    notify(&world, 9, "new above");                             /* 7: yet to come */
    table_remove(world.table, 3, CHANGE_BY_NOTIFICATION, NULL); /* 8: passed */
    assert_emits(stream, "change", 4, 2);
    assert_emits(stream, "add", 6, 1);
    assert_emits(stream, "remove", 8, 3);
    assert_emits(stream, "snapshot", 8, 4);
    assert_emits(stream, "snapshot", 8, 9);
    assert_emits(stream, "ready", 8, 0);
    assert_emits_nothing(stream);
    stream_free(stream);
    world_stop(&world);
}

static bool emits_more(struct stream *stream, const char *type, uint64_t sequence)
{
    struct reply reply;

    assert_true(stream_read(stream, &reply));
    assert_string_equal(reply.type, type);
    assert_int_equal(reply.sequence, sequence);
    return reply.more_follows;
}

/* Who resumed from such a position would miss the rest of the snapshot. */
static void whatever_comes_before_ready_says_that_more_follows(void **state)
{
    struct source_state source = {.standing = "denied", .reason = "", .last_dump_usec = 1};
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 2, 3);
    stream = world_stream(&world, NULL);
    assert_true(emits_more(stream, "snapshot", 2));
    notify(&world, 2, "passed");
    assert_int_equal(history_add_source(world.history, SUBJECT_LINKS, &source, 1, 2), 0);
    assert_true(emits_more(stream, "change", 3));
    assert_true(emits_more(stream, "source", 4));
    assert_true(emits_more(stream, "snapshot", 4));
    notify(&world, 3, "passed, too");
    assert_true(emits_more(stream, "change", 5));
    assert_false(emits_more(stream, "ready", 5));
    notify(&world, 3, "again");
    assert_false(emits_more(stream, "change", 6));
    stream_free(stream);

    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 5), 0);
    assert_false(emits_more(stream, "change", 6));
    assert_false(emits_more(stream, "ready", 6));
    stream_free(stream);
    world_stop(&world);
}

static void a_link_that_goes_before_its_turn_is_not_mentioned(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 2, 3);
    stream = world_stream(&world, NULL);
    assert_emits(stream, "snapshot", 2, 2);
    table_remove(world.table, 3, CHANGE_BY_NOTIFICATION, NULL);
    assert_emits(stream, "ready", 3, 0);
    stream_free(stream);
    world_stop(&world);
}

static void a_change_of_the_source_is_emitted_during_the_snapshot(void **state)
{
    struct world world;
    struct stream *stream;
    struct source_state source = {.standing = "denied", .reason = "", .last_dump_usec = -1};

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 2, 3);
    stream = world_stream(&world, NULL);
    assert_emits(stream, "snapshot", 2, 2);
    history_add_source(world.history, SUBJECT_LINKS, &source, 1, 2);
    assert_emits(stream, "source", 3, 0);
    assert_emits(stream, "snapshot", 3, 3);
    stream_free(stream);
    world_stop(&world);
}

/* --- before the first complete dump */

static void change_source(struct world *world, const char *reason)
{
    struct source_state source = {.standing = "denied", .reason = reason, .last_dump_usec = -1};

    assert_int_equal(history_add_source(world->history, SUBJECT_LINKS, &source, 1, 2), 0);
}

static void before_the_first_dump_the_source_comes_alone_and_the_snapshot_after_it(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    world.blind = true;
    change_source(&world, "a");
    stream = world_stream(&world, NULL);
    assert_emits(stream, "source", 1, 0);
    assert_emits_nothing(stream);
    notify(&world, 2, "a"); /* of a dump that does not come to its end */
    assert_emits_nothing(stream);
    change_source(&world, "b");
    assert_emits(stream, "source", 3, 0);
    assert_emits_nothing(stream);
    world.blind = false;
    assert_emits(stream, "snapshot", 3, 2);
    assert_emits(stream, "ready", 3, 0);
    assert_emits_nothing(stream);
    stream_free(stream);
    world_stop(&world);
}

static void before_the_first_dump_who_resumes_elsewhere_gets_lost_and_the_source(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    world.blind = true;
    change_source(&world, "a");
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, "another", 7), 0);
    assert_emits_lost(stream, 1, -1);
    assert_emits(stream, "source", 1, 0);
    assert_emits_nothing(stream);
    world.blind = false;
    assert_emits(stream, "ready", 1, 0);
    stream_free(stream);
    world_stop(&world);
}

static void before_the_first_dump_who_resumes_here_gets_events_and_no_ready(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    world.blind = true;
    change_source(&world, "a");
    notify(&world, 2, "a");
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 1), 0);
    assert_emits(stream, "source", 1, 0);
    assert_emits(stream, "add", 2, 2);
    assert_emits_nothing(stream);
    world.blind = false;
    assert_emits(stream, "ready", 2, 0);
    stream_free(stream);
    world_stop(&world);
}

static void a_filter_holds_for_snapshot_and_events(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    notify(&world, 2, "eth0");
    notify(&world, 3, "wan");
    stream = world_stream(&world, "{\"names\":[\"eth*\"]}");
    assert_emits(stream, "snapshot", 2, 2);
    assert_emits(stream, "ready", 2, 0);
    notify(&world, 3, "lan");
    notify(&world, 3, "eth1");
    notify(&world, 3, "wan");
    notify(&world, 3, "lan");
    assert_emits(stream, "change", 4, 3);
    assert_emits(stream, "change", 5, 3);
    assert_emits_nothing(stream);
    stream_free(stream);
    world_stop(&world);
}

/* --- resuming */

static void since_a_position_emits_what_happened_after_it(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 1, 5);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 3), 0);
    assert_emits(stream, "add", 4, 4);
    assert_emits(stream, "add", 5, 5);
    assert_emits(stream, "ready", 5, 0);
    notify(&world, 6, "f");
    assert_emits(stream, "add", 6, 6);
    assert_emits_nothing(stream);
    stream_free(stream);
    world_stop(&world);
}

static void since_the_newest_or_the_beginning_is_a_position_too(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 1, 2);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 2), 0);
    assert_emits(stream, "ready", 2, 0);
    assert_emits_nothing(stream);
    stream_free(stream);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 0), 0);
    assert_emits(stream, "add", 1, 1);
    assert_emits(stream, "add", 2, 2);
    assert_emits(stream, "ready", 2, 0);
    stream_free(stream);
    world_stop(&world);
}

static void a_position_that_has_not_happened_is_out_of_range(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 1, 2);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 3), -ERANGE);
    assert_int_equal(stream_resume(stream, INSTANCE, -1), -ERANGE);
    assert_int_equal(stream_resume(stream, INSTANCE, INT64_MAX), -ERANGE);
    stream_free(stream);
    world_stop(&world);
}

static void another_instance_is_lost_without_a_number_and_a_snapshot(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 1, 2);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, "fedcba9876543210fedcba9876543210", 99), 0);
    assert_emits_lost(stream, 2, -1);
    assert_emits(stream, "snapshot", 2, 1);
    assert_emits(stream, "snapshot", 2, 2);
    assert_emits(stream, "ready", 2, 0);
    assert_int_equal(world.origin.events_lost, 0);
    stream_free(stream);
    world_stop(&world);
}

/* A snapshot is no news, and neither is what a consumer that comes back has missed. */
static void the_delay_of_what_a_consumer_waited_for_is_counted(void **state)
{
    struct world world;
    struct stream *stream;
    const struct delays *delays = &world.origin.delays;

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 1, 3);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 1), 0);
    assert_emits(stream, "add", 2, 2);
    assert_emits(stream, "add", 3, 3);
    assert_int_equal(delays->count, 0);
    notify(&world, 2, "awaited");
    notify(&world, 3, "awaited, too");
    assert_emits(stream, "change", 4, 2);
    assert_emits(stream, "change", 5, 3);
    assert_int_equal(delays->count, 2);
    assert_int_equal(delays->sum_usec, 2 * WORLD_DELAY);
    for (size_t i = 0; i < METRIC_BOUNDS; i++)
        assert_int_equal(delays->within[i], metric_bounds[i].usec == 10000 ? 2 : 0);
    stream_free(stream);
    world_stop(&world);
}

static void events_that_are_emitted_together_are_one_delivery(void **state)
{
    struct buffer *buffer;
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    stream = world_stream(&world, NULL);
    assert_emits(stream, "ready", 0, 0);
    add_links(&world, 1, 3);
    assert_int_equal(stream_next_many(stream, NULL, &buffer), 1);
    buffer_unref(buffer);
    assert_int_equal(world.origin.delays.count, 1);
    assert_int_equal(world.origin.delays.sum_usec, WORLD_DELAY);
    stream_free(stream);
    world_stop(&world);
}

static void a_position_that_is_forgotten_is_lost_with_the_exact_number(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, 4096);
    add_links(&world, 1, 100);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 10), 0);
    assert_emits_lost(stream, 100, 90);
    assert_emits(stream, "snapshot", 100, 1);
    assert_int_equal(world.origin.events_lost, 90);
    stream_free(stream);
    world_stop(&world);
}

static void the_last_position_that_is_held_can_be_resumed_and_the_one_before_not(void **state)
{
    struct world world;
    struct stream *stream;
    uint64_t oldest;

    (void)state;
    world_start(&world, 4096);
    add_links(&world, 1, 100);
    oldest = history_oldest(world.history);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, (int64_t)oldest - 1), 0);
    assert_emits(stream, "add", oldest, (int)oldest);
    stream_free(stream);
    oldest = history_oldest(world.history);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, (int64_t)oldest - 2), 0);
    assert_emits_lost(stream, 100, (int64_t)(100 - (oldest - 2)));
    stream_free(stream);
    world_stop(&world);
}

/* --- from the oldest event */

static void a_replay_begins_with_the_first_event_and_has_no_snapshot(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 1, 2);
    table_remove(world.table, 1, CHANGE_BY_NOTIFICATION, NULL);
    stream = world_stream(&world, NULL);
    stream_replay(stream);
    assert_emits(stream, "add", 1, 1);
    assert_emits(stream, "add", 2, 2);
    assert_emits(stream, "remove", 3, 1);
    assert_emits(stream, "ready", 3, 0);
    assert_emits_nothing(stream);
    stream_free(stream);
    world_stop(&world);
}

static void a_replay_without_events_is_ready(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    stream = world_stream(&world, NULL);
    stream_replay(stream);
    assert_emits(stream, "ready", 0, 0);
    assert_emits_nothing(stream);
    stream_free(stream);
    world_stop(&world);
}

static void a_replay_tells_how_many_events_are_not_held_which_nobody_lost(void **state)
{
    struct world world;
    struct stream *stream;
    uint64_t oldest;

    (void)state;
    world_start(&world, 4096);
    add_links(&world, 1, 100);
    oldest = history_oldest(world.history);
    stream = world_stream(&world, NULL);
    stream_replay(stream);
    assert_true(oldest > 1);
    assert_emits_lost(stream, oldest - 1, (int64_t)oldest - 1);
    assert_emits(stream, "add", oldest, (int)oldest);
    assert_int_equal(world.origin.events_lost, 0);
    stream_free(stream);
    world_stop(&world);
}

/* --- too slow */

static void who_is_overtaken_learns_how_many_it_lost_and_gets_a_snapshot(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, 4096);
    add_links(&world, 1, 2);
    stream = world_stream(&world, NULL);
    assert_emits(stream, "snapshot", 2, 1);
    assert_emits(stream, "snapshot", 2, 2);
    assert_emits(stream, "ready", 2, 0);
    for (int i = 0; i < 100; i++)
        notify(&world, 1, i % 2 ? "x" : "y");
    assert_emits_lost(stream, 102, 100);
    assert_emits(stream, "snapshot", 102, 1);
    assert_emits(stream, "snapshot", 102, 2);
    assert_emits(stream, "ready", 102, 0);
    assert_emits_nothing(stream);
    assert_int_equal(world.origin.events_lost, 100);
    stream_free(stream);
    world_stop(&world);
}

static void who_is_overtaken_again_before_it_knows_learns_the_sum(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, 4096);
    add_links(&world, 1, 100);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 10), 0);
    add_links(&world, 101, 200);
    assert_emits_lost(stream, 200, 190);
    assert_int_equal(world.origin.events_lost, 190);
    stream_free(stream);

    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, "fedcba9876543210fedcba9876543210", 10), 0);
    add_links(&world, 201, 300);
    assert_emits_lost(stream, 300, -1);
    stream_free(stream);
    world_stop(&world);
}

static void who_is_overtaken_in_the_snapshot_gets_a_new_one(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, 4096);
    add_links(&world, 1, 3);
    stream = world_stream(&world, NULL);
    assert_emits(stream, "snapshot", 3, 1);
    assert_emits(stream, "snapshot", 3, 2);
    for (int i = 0; i < 100; i++)
        notify(&world, 1, i % 2 ? "x" : "y");
    assert_emits_lost(stream, 103, 100);
    assert_emits(stream, "snapshot", 103, 1);
    stream_free(stream);
    world_stop(&world);
}

/* How many messages the next piece of the stream has. */
static size_t messages_of_next(struct stream *stream)
{
    struct buffer *piece;
    size_t count = 0;

    if (stream_next_many(stream, NULL, &piece) == 0)
        return 0;
    for (size_t i = 0; i < piece->length; i++)
        count += piece->data[i] == '\0';
    assert_int_equal(piece->data[piece->length - 1], '\0');
    buffer_unref(piece);
    return count;
}

static void who_wants_everything_gets_many_events_in_one_piece(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    add_links(&world, 1, 2);
    stream = world_stream(&world, NULL);
    assert_int_equal(messages_of_next(stream), 2); /* the snapshot */
    assert_int_equal(messages_of_next(stream), 1); /* ready */
    assert_int_equal(messages_of_next(stream), 0);
    add_links(&world, 3, 7);
    assert_int_equal(messages_of_next(stream), 5);
    assert_int_equal(messages_of_next(stream), 0);
    stream_free(stream);
    world_stop(&world);
}

static void who_filters_gets_no_event_of_others_in_a_piece(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    stream = world_stream(&world, "{\"indexes\":[2,4]}");
    assert_int_equal(messages_of_next(stream), 1);
    assert_int_equal(messages_of_next(stream), 0);
    add_links(&world, 1, 5);
    assert_int_equal(messages_of_next(stream), 1);
    assert_int_equal(messages_of_next(stream), 1);
    assert_int_equal(messages_of_next(stream), 0);
    stream_free(stream);
    world_stop(&world);
}

/* How many slices it takes until there is a message, or nothing. */
static unsigned slices_until(struct stream *stream, int expected, struct buffer **message)
{
    unsigned slices = 0;
    int r;

    do {
        struct slice slice = slice_of(200);

        r = stream_next_many(stream, &slice, message);
        slices++;
    } while (r == -EAGAIN);
    assert_int_equal(r, expected);
    return slices;
}

static void who_filters_much_away_gives_others_their_turn(void **state)
{
    struct buffer *message = NULL;
    struct stream *stream;
    struct world world;
    unsigned slices;

    (void)state;
    world_start(&world, SIZE_MAX);
    add_links(&world, 1, 3000);
    stream = world_stream(&world, "{\"names\":[\"nosuch\"]}");
    slices = slices_until(stream, 1, &message);
    assert_int_in_range(slices, 3000 / 200, 2 * 3000 / 200 + 1);
    assert_non_null(strstr(message->data, "\"ready\""));
    buffer_unref(message);
    for (int i = 0; i < 6000; i++)
        notify(&world, 1, i % 2 ? "x" : "y");
    slices = slices_until(stream, 0, &message);
    assert_int_in_range(slices, 6000 / 200, 3 * 6000 / 200 + 1);
    stream_free(stream);
    world_stop(&world);
}

static void a_link_that_changes_while_it_is_matched_is_emitted_as_it_was_and_then_as_it_is(
    void **state)
{
    struct slice slice;
    struct buffer *message = NULL;
    struct stream *stream;
    struct world world;

    (void)state;
    world_start(&world, PLENTY);
    notify(&world, 5, "abc");
    stream = world_stream(&world, "{\"names\":[\"x\", \"y\", \"a*\", \"z\"]}");
    slice = slice_of(1);
    assert_int_equal(stream_next(stream, &slice, &message), -EAGAIN);
    notify(&world, 5, "z");
    notify(&world, 4, "y");
    assert_emits(stream, "snapshot", 1, 5);
    assert_emits(stream, "change", 2, 5);
    assert_emits(stream, "add", 3, 4);
    assert_emits(stream, "ready", 3, 0);
    assert_emits_nothing(stream);
    stream_free(stream);
    world_stop(&world);
}

static void who_is_overtaken_gets_lost_before_any_piece(void **state)
{
    struct world world;
    struct stream *stream;
    struct buffer *piece;

    (void)state;
    world_start(&world, 4096);
    stream = world_stream(&world, NULL);
    assert_int_equal(messages_of_next(stream), 1);
    add_links(&world, 1, 100);
    assert_int_equal(stream_next_many(stream, NULL, &piece), 1);
    assert_non_null(strstr(piece->data, "\"type\":\"lost\""));
    buffer_unref(piece);
    stream_free(stream);
    world_stop(&world);
}

static void who_does_not_read_holds_nothing_of_the_past(void **state)
{
    struct world world;
    struct stream *stream;
    struct link *first = LINK(.ifindex = 1, .ifname = "first");
    struct reply reply;

    (void)state;
    world_start(&world, 4096);
    world_notify(&world, link_ref(first));
    stream = world_stream(&world, NULL);
    assert_true(stream_read(stream, &reply));
    for (int i = 0; i < 1000; i++)
        notify(&world, 1, i % 2 ? "x" : "y");
    assert_int_equal(first->references, 1);
    assert_null(first->json);
    link_unref(first);
    stream_free(stream);
    world_stop(&world);
}

static void what_was_made_for_snapshots_does_not_outlive_the_link(void **state)
{
    struct world world;
    struct stream *stream;
    struct link *link = LINK(.ifindex = 1, .ifname = "a");
    struct reply reply;

    (void)state;
    world_start(&world, PLENTY);
    world_notify(&world, link_ref(link));
    stream = world_stream(&world, NULL);
    assert_true(stream_read(stream, &reply));
    assert_non_null(link->json);
    table_remove(world.table, 1, CHANGE_BY_NOTIFICATION, NULL);
    assert_null(link->json);
    link_unref(link);
    stream_free(stream);
    world_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_of_each_link_then_ready_then_events),
        cmocka_unit_test(with_no_links_ready_comes_alone),
        cmocka_unit_test(during_the_snapshot_events_of_links_it_has_passed_are_emitted),
        cmocka_unit_test(whatever_comes_before_ready_says_that_more_follows),
        cmocka_unit_test(a_link_that_goes_before_its_turn_is_not_mentioned),
        cmocka_unit_test(a_change_of_the_source_is_emitted_during_the_snapshot),
        cmocka_unit_test(before_the_first_dump_the_source_comes_alone_and_the_snapshot_after_it),
        cmocka_unit_test(before_the_first_dump_who_resumes_elsewhere_gets_lost_and_the_source),
        cmocka_unit_test(before_the_first_dump_who_resumes_here_gets_events_and_no_ready),
        cmocka_unit_test(a_filter_holds_for_snapshot_and_events),
        cmocka_unit_test(since_a_position_emits_what_happened_after_it),
        cmocka_unit_test(since_the_newest_or_the_beginning_is_a_position_too),
        cmocka_unit_test(a_position_that_has_not_happened_is_out_of_range),
        cmocka_unit_test(another_instance_is_lost_without_a_number_and_a_snapshot),
        cmocka_unit_test(the_delay_of_what_a_consumer_waited_for_is_counted),
        cmocka_unit_test(events_that_are_emitted_together_are_one_delivery),
        cmocka_unit_test(a_position_that_is_forgotten_is_lost_with_the_exact_number),
        cmocka_unit_test(the_last_position_that_is_held_can_be_resumed_and_the_one_before_not),
        cmocka_unit_test(a_replay_begins_with_the_first_event_and_has_no_snapshot),
        cmocka_unit_test(a_replay_without_events_is_ready),
        cmocka_unit_test(a_replay_tells_how_many_events_are_not_held_which_nobody_lost),
        cmocka_unit_test(who_is_overtaken_learns_how_many_it_lost_and_gets_a_snapshot),
        cmocka_unit_test(who_is_overtaken_again_before_it_knows_learns_the_sum),
        cmocka_unit_test(who_is_overtaken_in_the_snapshot_gets_a_new_one),
        cmocka_unit_test(who_wants_everything_gets_many_events_in_one_piece),
        cmocka_unit_test(who_filters_gets_no_event_of_others_in_a_piece),
        cmocka_unit_test(who_filters_much_away_gives_others_their_turn),
        cmocka_unit_test(
            a_link_that_changes_while_it_is_matched_is_emitted_as_it_was_and_then_as_it_is),
        cmocka_unit_test(who_is_overtaken_gets_lost_before_any_piece),
        cmocka_unit_test(who_does_not_read_holds_nothing_of_the_past),
        cmocka_unit_test(what_was_made_for_snapshots_does_not_outlive_the_link),
    };

    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
