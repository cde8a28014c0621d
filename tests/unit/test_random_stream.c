/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream: random changes, read at random. */
#include "tests/unit/consumer.h"

#include <stdio.h>

static void change_something(struct world *world, struct dice *dice)
{
    int ifindex = 1 + (int)roll(dice, 12);
    char name[16];

    snprintf(name, sizeof(name), "%c%u", 'a' + (int)roll(dice, 3), roll(dice, 5));
    if (roll(dice, 4) == 0)
        table_remove(world->table, ifindex, CHANGE_BY_NOTIFICATION, NULL);
    else
        world_notify(world,
                     LINK(.ifindex = ifindex, .ifname = name, .mtu = 1 + roll(dice, 3),
                          .master = (int)roll(dice, 13), .kind = roll(dice, 9) ? "veth" : "dummy"));
}

/* Random changes and random reading, on a history that holds a few events. */
static void live(struct dice *dice, const char *filter, struct consumer *consumer)
{
    struct world world;
    struct stream *stream;

    world_start(&world, 1000 + roll(dice, 20000));
    stream = world_stream(&world, filter);
    for (int i = 0; i < 1500; i++) {
        for (unsigned n = roll(dice, 4); n > 0; n--)
            change_something(&world, dice);
        world.origin.piece_bytes = roll(dice, 2) ? 1 : STREAM_PIECE_BYTES;
        consumer_read(consumer, stream, roll(dice, 8));
        if (roll(dice, 100) == 0) /* it slept */
            for (int n = 0; n < 60; n++)
                change_something(&world, dice);
        if (roll(dice, 10) == 0) { /* it caught up */
            while (consumer_read(consumer, stream, 10))
                ;
            consumer_check(consumer, &world, filter);
        }
    }
    while (consumer_read(consumer, stream, 10))
        ;
    consumer_check(consumer, &world, filter);
    assert_int_equal(world.origin.events_lost, consumer->lost);
    stream_free(stream);
    world_stop(&world);
}

static void whatever_happens_the_links_are_right_and_no_gap_is_unannounced(void **state)
{
    unsigned losses = 0;

    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct dice dice = {.state = seed};
        struct consumer consumer = {.all = true};

        live(&dice, NULL, &consumer);
        losses += consumer.losses;
        assert_true(consumer.events > 100);
        assert_int_equal(consumer.readies > 0, 1);
        json_decref(consumer.links);
    }
    assert_true(losses > 20);
}

static void whatever_happens_filtered_links_are_right(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct dice dice = {.state = 100 + seed};
        struct consumer consumer = {.all = false};

        live(&dice, "{\"names\":[\"a*\"]}", &consumer);
        assert_true(consumer.events > 100);
        json_decref(consumer.links);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_the_links_are_right_and_no_gap_is_unannounced),
        cmocka_unit_test(whatever_happens_filtered_links_are_right),
    };

    return cmocka_run_group_tests_name("random stream", tests, NULL, NULL);
}
