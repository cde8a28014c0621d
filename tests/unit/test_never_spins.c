/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* standing: whatever happens, it does little. */
#include "tests/unit/virtual.h"

#include <errno.h>
#include <string.h>

/* Actions in a virtual second: 20 dumps of polling, and what failing and joining add. */
#define ACTIONS_A_SECOND 60

static unsigned actions(const struct virtual *virtual)
{
    return virtual->opens + virtual->closes + virtual->joins + virtual->dumps;
}

/* An hour of the same, and no second of it in which much is done. */
static void an_hour_of(struct virtual *virtual, unsigned most_in_a_second)
{
    virtual_run(virtual, 1 * SEC);
    for (int second = 0; second < 3600; second++) {
        unsigned before = actions(virtual);

        virtual_run(virtual, 1 * SEC);
        assert_int_in_range(actions(virtual) - before, 0, most_in_a_second);
    }
}

static void a_permanent_failure_costs_next_to_nothing(void **state)
{
    static const int errors[] = {EACCES, EPERM,    ENOBUFS,  EMFILE, EAFNOSUPPORT,
                                 EBUSY,  ENETDOWN, EMSGSIZE, ENOMEM, EINTR};

    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        for (int where = 0; where < 3; where++) {
            struct virtual virtual;

            virtual_start(&virtual, STANDING_AUTO);
            virtual.open_error = where == 0 ? -errors[i] : 0;
            virtual.ask_error = where == 1 ? -errors[i] : 0;
            virtual.dump.error = where == 2 ? -errors[i] : 0;
            an_hour_of(&virtual, 25);
            virtual_stop(&virtual);
        }
    }
}

static void empty_dumps_for_ever_cost_next_to_nothing(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.dump.lines = 0;
    an_hour_of(&virtual, 20);
    virtual_stop(&virtual);
}

static void a_socket_that_breaks_on_each_receive_costs_next_to_nothing(void **state)
{
    struct virtual virtual;
    unsigned before;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual_run(&virtual, 1 * SEC);
    before = actions(&virtual);
    for (int64_t end = virtual.now + 3600 * SEC; virtual.now < end;) {
        virtual_run_to_dump(&virtual);
        standing_broken(virtual.standing, virtual.now, -EACCES);
    }
    /* Close, open, join and dump, each half a minute in the end. */
    assert_int_in_range(actions(&virtual) - before, 4 * 100, 4 * 140);
    virtual_stop(&virtual);
}

static void links_that_are_missing_in_each_dump_cost_a_quarter_of_a_cpu_at_most(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start(&virtual, STANDING_AUTO);
    virtual.dump.missing = 1;
    virtual.dump.cost.cpu_usec = virtual.dump_takes = 5 * MSEC;
    an_hour_of(&virtual, 51);
    virtual_stop(&virtual);
}

/* One of 0 (mostly) and an error. */
static int maybe_error(struct dice *dice, unsigned of)
{
    static const int errors[] = {EACCES, EBUSY, EINTR, ENOBUFS, EMSGSIZE, ENETDOWN};

    return roll(dice, of) ? 0 : -errors[roll(dice, sizeof(errors) / sizeof(errors[0]))];
}

/* The kernel behaves in another way from now on. */
static void change_weather(struct virtual *virtual, struct dice *dice, unsigned of)
{
    virtual->open_error = maybe_error(dice, of);
    virtual->join_error = maybe_error(dice, of);
    virtual->ask_error = maybe_error(dice, of);
    virtual->dump = (struct standing_dump){.error = maybe_error(dice, of),
                                           .lines = roll(dice, of) ? 5 : 0,
                                           .missing = roll(dice, of) ? 0 : 1,
                                           .native = roll(dice, 20) != 0,
                                           .made_room = roll(dice, 2) != 0,
                                           /* dumps on demand are bounded by their cost */
                                           .cost.cpu_usec = 5000 + roll(dice, 5000)};
    virtual->dump_takes = roll(dice, 50) ? 5 * MSEC : 30 * SEC;
}

static void random_input(struct virtual *virtual, struct dice *dice)
{
    switch (roll(dice, 9)) {
    case 0:
        standing_overrun(virtual->standing);
        break;
    case 1:
        standing_dump_now(virtual->standing);
        break;
    case 2:
        standing_dump_soon(virtual->standing);
        break;
    case 3:
        standing_consumers(virtual->standing, roll(dice, 3));
        break;
    case 4:
        standing_notified(virtual->standing, (int)roll(dice, 20));
        break;
    case 5:
        if (virtual->dumping)
            standing_unconfirmed(virtual->standing, virtual->now, (int)roll(dice, 20));
        break;
    case 6:
        if (roll(dice, 20) == 0)
            standing_broken(virtual->standing, virtual->now, -EACCES);
        break;
    case 7:
    case 8:
        virtual->never_drained = roll(dice, 4) == 0;
        break;
    }
}

static void a_random_minute(struct virtual *virtual, struct dice *dice)
{
    for (int second = 0; second < 60; second++) {
        unsigned before = actions(virtual);

        for (unsigned inputs = roll(dice, 40); inputs > 0; inputs--) {
            random_input(virtual, dice);
            virtual_run(virtual, 1 * SEC / 40);
        }
        assert_int_in_range(actions(virtual) - before, 0, ACTIONS_A_SECOND);
    }
}

static void random_input_never_makes_it_spin(void **state)
{
    static const enum standing_mode modes[] = {STANDING_AUTO, STANDING_AUTO, STANDING_SUBSCRIBE,
                                               STANDING_POLL};

    (void)state;
    for (unsigned seed = 1; seed <= 40; seed++) {
        struct dice dice = {.state = seed};
        struct virtual virtual;

        virtual_start(&virtual, modes[seed % 4]);
        for (int minute = 0; minute < 20; minute++) {
            change_weather(&virtual, &dice, minute % 2 ? 2 : 10);
            a_random_minute(&virtual, &dice);
        }
        virtual_stop(&virtual);
    }
}

static void after_any_weather_it_finds_back_by_itself(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 40; seed++) {
        struct dice dice = {.state = seed};
        struct virtual virtual;

        virtual_start(&virtual, STANDING_AUTO);
        for (int minute = 0; minute < 5; minute++) {
            change_weather(&virtual, &dice, 2);
            a_random_minute(&virtual, &dice);
        }
        virtual.open_error = virtual.join_error = virtual.ask_error = 0;
        virtual.never_drained = false;
        virtual.dump = (struct standing_dump){.lines = 5, .native = true, .cost.cpu_usec = 100};
        virtual.dump_takes = 1 * MSEC;
        virtual_run(&virtual, 31 * SEC + 10 * SEC);
        assert_false(standing_report(virtual.standing)->stale);
        virtual_run(&virtual, 300 * SEC + 120 * SEC); /* the longest delay of a join, a proof */
        assert_true(virtual_standing(&virtual) == STANDING_TRUSTED ||
                    virtual_standing(&virtual) == STANDING_INCOMPLETE);
        virtual_stop(&virtual);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_permanent_failure_costs_next_to_nothing),
        cmocka_unit_test(empty_dumps_for_ever_cost_next_to_nothing),
        cmocka_unit_test(a_socket_that_breaks_on_each_receive_costs_next_to_nothing),
        cmocka_unit_test(links_that_are_missing_in_each_dump_cost_a_quarter_of_a_cpu_at_most),
        cmocka_unit_test(random_input_never_makes_it_spin),
        cmocka_unit_test(after_any_weather_it_finds_back_by_itself),
    };

    return cmocka_run_group_tests_name("never spins", tests, NULL, NULL);
}
