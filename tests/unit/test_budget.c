/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* budget, cadence: what polling many namespaces costs, and how often each is dumped. */
#include "tests/unit/support.h"

#include "daemon/cadence.h"

#define MSEC INT64_C(1000)
#define SEC  (1000 * MSEC)

#define PPM          5000
#define INTERVAL_MIN (50 * MSEC)
#define INTERVAL_MAX (5 * SEC)
#define CROWD        1000
/* What a dump of three links costs on Linux, and one in gVisor. */
#define CHEAP 20
#define DEAR  500

/* A namespace that is dumped whenever it is due. */
struct place {
    struct cadence cadence;
    int64_t began;
    int64_t longest; /* interval */
    int64_t shortest;
    bool busy; /* something happens all the time */
    unsigned dumps;
};

/* All of them, on one clock. */
struct world {
    struct budget budget;
    struct budget_part users[2];
    struct place *places;
    size_t count;
    int64_t now;
    int64_t price;     /* of a dump */
    int64_t odd_price; /* of every other one */
    int64_t step;
    int64_t spent;
    unsigned turns; /* at which something was dumped */
};

static void add(struct world *world, unsigned user)
{
    struct place *place = &world->places[world->count++];

    cadence_init(&place->cadence, &world->users[user]);
    cadence_measure(&place->cadence, world->now,
                    &(struct price_measure){.cpu_usec = world->price, .wall_usec = world->price});
    cadence_count(&place->cadence, world->now, true);
    place->began = world->now - INTERVAL_MAX;
}

static void start(struct world *world, size_t count, int64_t price)
{
    *world = (struct world){.now = 1000 * SEC, .price = price, .odd_price = price};
    world->step = count > 10 ? 5 * MSEC : MSEC;
    budget_set(&world->budget, PPM, INTERVAL_MIN, INTERVAL_MAX);
    world->users[0].budget = world->users[1].budget = &world->budget;
    world->places = calloc(2 * CROWD, sizeof(*world->places));
    assert_non_null(world->places);
    while (world->count < count)
        add(world, 0);
}

static void leave(struct world *world)
{
    for (size_t i = 0; i < world->count; i++)
        cadence_free(&world->places[i].cadence);
    for (int class = 0; class < BUDGET_CLASS_COUNT; class ++) {
        assert_int_equal(world->budget.demand[class].namespaces, 0);
        assert_int_equal(world->budget.demand[class].usec, 0);
        assert_int_equal(world->budget.parts[class], 0);
    }
    assert_int_equal(world->budget.namespaces, 0);
    free(world->places);
}

static bool dump_if_due(struct world *world, struct place *place)
{
    struct cadence *cadence = &place->cadence;
    struct price_measure cost;

    if (place->busy)
        cadence_activate(cadence, world->now);
    cadence_count(cadence, world->now, true);
    if (world->now < cadence_due(cadence, place->began, cadence_interval(cadence)))
        return false;
    if (world->now - place->began > place->longest)
        place->longest = world->now - place->began;
    if (world->now - place->began < place->shortest)
        place->shortest = world->now - place->began;
    place->began = world->now;
    place->dumps++;
    cadence_begin(cadence, world->now, true);
    cost.cpu_usec = cost.wall_usec = place->dumps % 2 ? world->price : world->odd_price;
    cadence_measure(cadence, world->now, &cost);
    world->spent += cost.cpu_usec;
    return true;
}

/* Forgets what was counted, then lets time pass. */
static void run(struct world *world, int64_t duration)
{
    world->spent = world->turns = 0;
    for (size_t i = 0; i < world->count; i++) {
        world->places[i].dumps = 0;
        world->places[i].longest = 0;
        world->places[i].shortest = INT64_MAX;
    }
    for (int64_t end = world->now + duration; world->now < end; world->now += world->step) {
        unsigned dumped = 0;

        for (size_t i = 0; i < world->count; i++)
            dumped += dump_if_due(world, &world->places[i]);
        world->turns += dumped > 0;
    }
}

static void one_quiet_namespace_is_dumped_at_the_shortest_interval(void **state)
{
    struct world world;

    (void)state;
    start(&world, 1, CHEAP);
    run(&world, 10 * SEC);
    assert_int_in_range(world.places[0].dumps, 199, 201);
    leave(&world);
}

static void dumps_that_are_dear_are_rare_while_nothing_happens(void **state)
{
    struct world world;

    (void)state;
    start(&world, 1, DEAR);
    run(&world, 60 * SEC);
    run(&world, 60 * SEC);
    assert_int_in_range(world.places[0].longest, 110 * MSEC, 120 * MSEC);
    assert_int_in_range(world.spent, 0, 60 * PPM);
    leave(&world);
}

static void after_a_quiet_minute_what_was_saved_is_spent_where_something_happens(void **state)
{
    struct world world;

    (void)state;
    start(&world, 1, DEAR);
    world.places[0].busy = true;
    run(&world, 600 * SEC); /* nothing is left */
    world.places[0].busy = false;
    run(&world, 70 * SEC);
    world.places[0].busy = true;
    run(&world, 2 * SEC);
    assert_int_in_range(world.places[0].dumps, 35, 41);
    leave(&world);
}

static void at_first_something_is_saved(void **state)
{
    struct world world;

    (void)state;
    start(&world, 1, DEAR);
    world.places[0].busy = true;
    run(&world, 5 * SEC);
    assert_int_in_range(world.places[0].dumps, 90, 101);
    leave(&world);
}

static void what_was_saved_is_not_spent_at_once(void **state)
{
    struct world world;

    (void)state;
    start(&world, 1, 10 * DEAR);
    world.places[0].busy = true;
    run(&world, 5 * SEC);
    assert_int_in_range(world.spent, 18 * PPM, 21 * PPM);
    leave(&world);
}

static void polling_costs_no_more_than_the_budget_and_what_was_saved(void **state)
{
    static const int64_t prices[] = {CHEAP, 300, DEAR};

    (void)state;
    for (size_t i = 0; i < sizeof(prices) / sizeof(prices[0]); i++) {
        struct world world;

        start(&world, 4, prices[i]);
        world.places[0].busy = world.places[1].busy = true;
        run(&world, 600 * SEC);
        assert_int_in_range(world.spent, 0, (600 + 31) * PPM);
        run(&world, 600 * SEC);
        assert_int_in_range(world.spent, 0, 601 * PPM);
        leave(&world);
    }
}

static void what_disturbs_some_dumps_counts_in_the_budget(void **state)
{
    struct world world;

    (void)state;
    start(&world, 2, DEAR);
    world.odd_price = 4 * DEAR;
    run(&world, 600 * SEC);
    run(&world, 600 * SEC);
    assert_int_in_range(world.spent, 400 * PPM, 601 * PPM);
    world.places[0].busy = true;
    run(&world, 600 * SEC);
    assert_int_in_range(world.spent, 400 * PPM, (600 + 31) * PPM);
    leave(&world);
}

static void among_a_thousand_those_where_something_happens_come_first(void **state)
{
    struct world world;

    (void)state;
    start(&world, CROWD, CHEAP);
    for (int i = 0; i < 20; i++)
        world.places[i].busy = true;
    run(&world, 20 * SEC);
    run(&world, 20 * SEC);
    /* Longer than the interval once, when that changes. */
    for (int i = 0; i < 20; i++)
        assert_int_in_range(world.places[i].longest, 50 * MSEC, 120 * MSEC);
    for (int i = 20; i < CROWD; i++)
        assert_int_in_range(world.places[i].longest, 4 * SEC, 5 * SEC);
    assert_int_in_range(world.spent, 0, 20 * 10000);
    leave(&world);
}

static void no_namespace_is_dumped_sooner_than_the_shortest_interval(void **state)
{
    struct world world;

    (void)state;
    start(&world, CROWD, CHEAP);
    for (int i = 0; i < 20; i++)
        world.places[i].busy = true;
    run(&world, 20 * SEC);
    run(&world, 20 * SEC);
    for (int i = 0; i < 20; i++)
        assert_true(world.places[i].shortest >= INTERVAL_MIN - INTERVAL_MIN / 8);
    leave(&world);
}

static void more_of_them_are_dumped_less_often_in_proportion(void **state)
{
    struct world world;

    (void)state;
    start(&world, CROWD, CHEAP);
    for (int i = 0; i < 200; i++)
        world.places[i].busy = true;
    run(&world, 20 * SEC);
    run(&world, 20 * SEC);
    for (int i = 0; i < 200; i++)
        assert_int_in_range(world.places[i].longest, 500 * MSEC, 1000 * MSEC);
    assert_int_in_range(world.spent, 0, 20 * 10000);
    leave(&world);
}

static void no_user_crowds_out_another(void **state)
{
    struct world world;

    (void)state;
    start(&world, CROWD, CHEAP);
    add(&world, 1);
    for (size_t i = 0; i < world.count; i++)
        world.places[i].busy = true;
    run(&world, 20 * SEC);
    run(&world, 20 * SEC);
    assert_int_in_range(world.places[CROWD].longest, 50 * MSEC, 60 * MSEC);
    leave(&world);
}

static void those_due_at_nearly_the_same_time_are_dumped_in_one_turn(void **state)
{
    struct world world;
    unsigned dumps = 0;

    (void)state;
    start(&world, CROWD, CHEAP);
    run(&world, 20 * SEC);
    run(&world, 20 * SEC);
    for (size_t i = 0; i < world.count; i++)
        dumps += world.places[i].dumps;
    assert_int_in_range(dumps, 20 * world.turns, 100 * world.turns);
    leave(&world);
}

static void active_ones_that_began_apart_come_to_be_dumped_in_one_turn(void **state)
{
    struct world world;
    unsigned dumps = 0;

    (void)state;
    start(&world, 20, 2 * CHEAP);
    for (size_t i = 0; i < world.count; i++) {
        world.places[i].busy = true;
        world.places[i].began += (int64_t)i * 217 * MSEC;
    }
    run(&world, 20 * SEC);
    run(&world, 20 * SEC);
    for (size_t i = 0; i < 20; i++)
        dumps += world.places[i].dumps;
    assert_int_in_range(dumps, 20 * 100, 20 * 200);
    assert_int_in_range(world.turns, 0, dumps / 16);
    leave(&world);
}

static void what_is_audited_at_the_same_time_does_not_stay_together(void **state)
{
    struct world world;
    unsigned most = 0;

    (void)state;
    start(&world, CROWD, CHEAP);
    for (int round = 0; round < 4; round++) {
        unsigned seconds[100] = {0};

        most = 0;
        for (size_t i = 0; i < world.count; i++) {
            struct place *place = &world.places[i];
            int64_t due = cadence_due(&place->cadence, round ? place->began : 0, 60 * SEC);

            assert_int_in_range(due - (round ? place->began : 0), 52 * SEC, 60 * SEC);
            cadence_begin(&place->cadence, due, false);
            place->began = due;
            most += ++seconds[due / SEC % 100] > 200;
        }
    }
    assert_int_equal(most, 0);
    leave(&world);
}

static void one_that_is_alone_is_audited_when_it_is_due(void **state)
{
    struct world world;

    (void)state;
    start(&world, 1, CHEAP);
    assert_true(cadence_due(&world.places[0].cadence, 7, 60 * SEC) == 60 * SEC + 7);
    leave(&world);
}

static void what_is_not_polled_leaves_the_budget_to_others(void **state)
{
    struct world world;

    (void)state;
    start(&world, CROWD, CHEAP);
    for (int i = 1; i < CROWD; i++)
        cadence_count(&world.places[i].cadence, world.now, false);
    assert_int_equal(cadence_interval(&world.places[0].cadence), INTERVAL_MIN);
    assert_int_equal(cadence_interval(&world.places[1].cadence), INTERVAL_MIN);
    leave(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_quiet_namespace_is_dumped_at_the_shortest_interval),
        cmocka_unit_test(dumps_that_are_dear_are_rare_while_nothing_happens),
        cmocka_unit_test(after_a_quiet_minute_what_was_saved_is_spent_where_something_happens),
        cmocka_unit_test(at_first_something_is_saved),
        cmocka_unit_test(what_was_saved_is_not_spent_at_once),
        cmocka_unit_test(polling_costs_no_more_than_the_budget_and_what_was_saved),
        cmocka_unit_test(what_disturbs_some_dumps_counts_in_the_budget),
        cmocka_unit_test(among_a_thousand_those_where_something_happens_come_first),
        cmocka_unit_test(no_namespace_is_dumped_sooner_than_the_shortest_interval),
        cmocka_unit_test(more_of_them_are_dumped_less_often_in_proportion),
        cmocka_unit_test(no_user_crowds_out_another),
        cmocka_unit_test(those_due_at_nearly_the_same_time_are_dumped_in_one_turn),
        cmocka_unit_test(active_ones_that_began_apart_come_to_be_dumped_in_one_turn),
        cmocka_unit_test(what_is_audited_at_the_same_time_does_not_stay_together),
        cmocka_unit_test(one_that_is_alone_is_audited_when_it_is_due),
        cmocka_unit_test(what_is_not_polled_leaves_the_budget_to_others),
    };

    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
