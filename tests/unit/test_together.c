/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream: events that belong together. */
#include "tests/unit/consumer.h"

#include <string.h>

#define PLENTY ((size_t)1024 * 1024)

static void notify(struct world *world, int ifindex, const char *name)
{
    world_notify(world, LINK(.ifindex = ifindex, .ifname = name));
}

static struct reply expect(struct stream *stream, const char *type, uint64_t sequence)
{
    struct reply reply;

    assert_true(stream_read(stream, &reply));
    assert_string_equal(reply.type, type);
    assert_int_equal(reply.sequence, sequence);
    return reply;
}

/* Two links whose names are swapped, as events 3 and 4. */
static void swap_names(struct world *world)
{
    notify(world, 1, "a");
    notify(world, 2, "b");
    notify(world, 1, "b");
    notify(world, 2, "a");
}

static void all_but_the_last_of_events_that_belong_together_say_that_more_follows(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    swap_names(&world);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 2), 0);
    assert_true(expect(stream, "change", 3).more_follows);
    assert_false(expect(stream, "change", 4).more_follows);
    (void)expect(stream, "ready", 4);
    stream_free(stream);
    world_stop(&world);
}

static void a_position_between_events_that_belong_together_can_not_be_resumed(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    swap_names(&world);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 3), 0);
    assert_int_equal(expect(stream, "lost", 4).lost, 1);
    (void)expect(stream, "snapshot", 4);
    stream_free(stream);
    world_stop(&world);
}

static void it_can_not_be_resumed_either_when_the_first_of_them_are_no_longer_held(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    swap_names(&world);
    for (size_t bytes = PLENTY; history_oldest(world.history) < 4; bytes = bytes * 9 / 10)
        history_set_bytes_max(world.history, bytes);
    assert_int_equal(history_oldest(world.history), 4);
    stream = world_stream(&world, NULL);
    assert_int_equal(stream_resume(stream, INSTANCE, 3), 0);
    assert_int_equal(expect(stream, "lost", 4).lost, 1);
    stream_free(stream);
    world_stop(&world);
}

static void a_filter_that_lets_the_first_pass_and_not_the_last_promises_nothing(void **state)
{
    struct world world;
    struct stream *stream;

    (void)state;
    world_start(&world, PLENTY);
    stream = world_stream(&world, "{\"indexes\":[1]}");
    (void)expect(stream, "ready", 0);
    swap_names(&world);
    (void)expect(stream, "add", 1);
    assert_false(expect(stream, "change", 3).more_follows);
    assert_false(stream_read(stream, &(struct reply){.lost = 0}));
    stream_free(stream);
    world_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_but_the_last_of_events_that_belong_together_say_that_more_follows),
        cmocka_unit_test(a_position_between_events_that_belong_together_can_not_be_resumed),
        cmocka_unit_test(it_can_not_be_resumed_either_when_the_first_of_them_are_no_longer_held),
        cmocka_unit_test(a_filter_that_lets_the_first_pass_and_not_the_last_promises_nothing),
    };

    return cmocka_run_group_tests_name("together", tests, NULL, NULL);
}
