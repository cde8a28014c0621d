/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* price: what a dump costs. */
#include "tests/unit/support.h"

#include "daemon/price.h"

static void add(struct price *price, int64_t cpu_usec, int64_t wall_usec)
{
    price_add(price, &(struct price_measure){.cpu_usec = cpu_usec, .wall_usec = wall_usec});
}

static void before_the_first_dump_nothing_is_known(void **state)
{
    struct price price = {.count = 0};

    (void)state;
    assert_true(price_usec(&price) == -1);
    add(&price, 7, 9);
    assert_true(price_usec(&price) == 7);
}

static void a_fine_clock_measures_what_a_dump_costs_however_long_it_takes(void **state)
{
    struct price price = {.count = 0};

    (void)state;
    for (int i = 0; i < 20; i++)
        add(&price, 100, 5000);
    assert_true(price_usec(&price) == 100);
}

/* A dump of 200 us, a clock with ticks of 10 ms, of which one falls on each fiftieth. */
static void a_tick_of_a_coarse_clock_does_not_make_a_dump_dear(void **state)
{
    struct price price = {.count = 0};

    (void)state;
    for (int i = 0; i < 500; i++) {
        add(&price, i % 50 == 7 ? 10000 : 0, 200);
        assert_true(price_usec(&price) == 200);
    }
}

/* One of 15 ms: ticks fall on each dump, one or two. */
static void on_a_coarse_clock_a_dear_dump_is_dear(void **state)
{
    struct price price = {.count = 0};

    (void)state;
    for (int i = 0; i < 500; i++)
        add(&price, i % 2 ? 10000 : 20000, 15000);
    assert_int_in_range(price_usec(&price), 10000, 15000);
}

static void dumps_that_were_disturbed_do_not_count(void **state)
{
    struct price price = {.count = 0};

    (void)state;
    for (int i = 0; i < 500; i++) {
        add(&price, 0, i % 9 < 6 ? 30000 : 200);
        if (i >= 8)
            assert_true(price_usec(&price) == 200);
    }
}

static void after_a_few_dumps_more_links_are_dearer(void **state)
{
    struct price price = {.count = 0};

    (void)state;
    for (int i = 0; i < 20; i++)
        add(&price, 100, 110);
    for (int i = 0; i < 7; i++)
        add(&price, 9000, 9100);
    assert_true(price_usec(&price) == 9000);
}

static void a_clock_that_is_always_too_coarse_is_not_read_any_more(void **state)
{
    struct price price = {.count = 0};

    (void)state;
    for (int i = 0; i < PRICE_DUMPS; i++) {
        assert_true(price_wants_cpu_time(&price));
        add(&price, i % 4 == 3 ? 10000 : 0, 200);
    }
    assert_false(price_wants_cpu_time(&price));
    add(&price, 0, 200);
    assert_false(price_wants_cpu_time(&price));
}

static void a_clock_that_is_fine_now_and_then_is_read(void **state)
{
    struct price price = {.count = 0};

    (void)state;
    for (int i = 0; i < 10 * PRICE_DUMPS; i++) {
        add(&price, i % PRICE_DUMPS ? 0 : 150, 200);
        assert_true(price_wants_cpu_time(&price));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_first_dump_nothing_is_known),
        cmocka_unit_test(a_fine_clock_measures_what_a_dump_costs_however_long_it_takes),
        cmocka_unit_test(a_tick_of_a_coarse_clock_does_not_make_a_dump_dear),
        cmocka_unit_test(on_a_coarse_clock_a_dear_dump_is_dear),
        cmocka_unit_test(dumps_that_were_disturbed_do_not_count),
        cmocka_unit_test(after_a_few_dumps_more_links_are_dearer),
        cmocka_unit_test(a_clock_that_is_always_too_coarse_is_not_read_any_more),
        cmocka_unit_test(a_clock_that_is_fine_now_and_then_is_read),
    };

    return cmocka_run_group_tests_name("price", tests, NULL, NULL);
}
