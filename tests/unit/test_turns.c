/* turns: who is served when, by a clock of its own. */
#include "tests/unit/support.h"

#include <ev.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/turns.h"

#define CUSTOMERS 5

struct shop;

/* Each of them writes its letter when it is served. */
struct customer {
    struct turn turn;
    enum turns_line line;
    struct shop *shop;
    char letter;
    int again;               /* asks so often anew */
    long takes_usec;         /* each time */
    struct customer *throws; /* whom it makes leave */
};

struct shop {
    struct ev_loop *loop;
    struct turns *turns;
    struct customer customers[CUSTOMERS];
    char served[64];
};

static long now_usec;

int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    assert_int_equal(clock, CLOCK_MONOTONIC);
    *time = (struct timespec){.tv_sec = now_usec / 1000000, .tv_nsec = now_usec % 1000000 * 1000};
    return 0;
}

static void note(struct shop *shop, char letter)
{
    size_t length = strlen(shop->served);

    assert_in_range(length, 0, sizeof(shop->served) - 2);
    shop->served[length] = letter;
}

static void be_served(void *user)
{
    struct customer *customer = user;

    assert_false(customer->turn.waiting);
    note(customer->shop, customer->letter);
    now_usec += customer->takes_usec;
    if (customer->throws)
        turns_leave(customer->shop->turns, &customer->throws->turn);
    if (customer->again-- > 0)
        turns_ask(customer->shop->turns, customer->line, &customer->turn);
}

static void open_shop(struct shop *shop)
{
    *shop = (struct shop){.loop = ev_loop_new(0)};
    assert_non_null(shop->loop);
    shop->turns = turns_new(shop->loop);
    assert_non_null(shop->turns);
    for (int i = 0; i < CUSTOMERS; i++)
        shop->customers[i] = (struct customer){
            .turn = {.take = be_served, .user = &shop->customers[i]},
            .line = TURNS_WORK,
            .shop = shop,
            .letter = (char)('a' + i),
        };
}

static void close_shop(struct shop *shop)
{
    for (int i = 0; i < CUSTOMERS; i++)
        turns_leave(shop->turns, &shop->customers[i].turn);
    assert_null(turns_free(shop->turns));
    ev_loop_destroy(shop->loop);
}

static void all_ask(struct shop *shop)
{
    for (int i = 0; i < CUSTOMERS; i++)
        turns_ask(shop->turns, shop->customers[i].line, &shop->customers[i].turn);
}

/* One turn of the loop, which doesn't wait, serves these. */
static void assert_serves(struct shop *shop, const char *expected)
{
    memset(shop->served, 0, sizeof(shop->served));
    ev_run(shop->loop, EVRUN_NOWAIT);
    assert_string_equal(shop->served, expected);
}

static void who_asked_first_is_served_first_and_once(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop);
    assert_serves(&shop, "");
    turns_ask(shop.turns, shop.customers[3].line, &shop.customers[3].turn);
    all_ask(&shop);
    all_ask(&shop);
    assert_true(shop.customers[0].turn.waiting);
    assert_serves(&shop, "dabce");
    assert_serves(&shop, "");
    close_shop(&shop);
}

static void who_asks_again_waits_for_the_next_round(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop);
    shop.customers[0].again = shop.customers[1].again = 2;
    all_ask(&shop);
    assert_serves(&shop, "abcde");
    assert_serves(&shop, "ab");
    turns_ask(shop.turns, shop.customers[4].line, &shop.customers[4].turn);
    assert_serves(&shop, "abe");
    assert_serves(&shop, "");
    close_shop(&shop);
}

static void a_round_ends_when_it_lasted_long_and_the_next_goes_on(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop);
    for (int i = 0; i < CUSTOMERS; i++)
        shop.customers[i].takes_usec = TURNS_ROUND_USEC / 2;
    shop.customers[0].again = 1;
    all_ask(&shop);
    assert_serves(&shop, "ab");
    turns_ask(shop.turns, shop.customers[1].line, &shop.customers[1].turn);
    assert_serves(&shop, "cd");
    assert_serves(&shop, "ea");
    assert_serves(&shop, "b");
    assert_serves(&shop, "");
    close_shop(&shop);
}

static void however_long_it_takes_one_is_served_in_each_round(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop);
    for (int i = 0; i < CUSTOMERS; i++) {
        shop.customers[i].takes_usec = 1000 * TURNS_ROUND_USEC;
        shop.customers[i].again = 1;
    }
    all_ask(&shop);
    for (int i = 0; i < 2 * CUSTOMERS; i++)
        assert_serves(&shop, (const char[]){(char)('a' + i % CUSTOMERS), '\0'});
    assert_serves(&shop, "");
    close_shop(&shop);
}

static void who_left_is_not_served(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop);
    shop.customers[0].throws = &shop.customers[4];
    shop.customers[1].throws = &shop.customers[0];
    all_ask(&shop);
    turns_leave(shop.turns, &shop.customers[2].turn);
    turns_leave(shop.turns, &shop.customers[2].turn);
    assert_serves(&shop, "abd");
    assert_serves(&shop, "");
    turns_ask(shop.turns, shop.customers[2].line, &shop.customers[2].turn);
    assert_serves(&shop, "c");
    close_shop(&shop);
}

/* What is urgent, from a pipe: one byte each time. */
struct urgent {
    struct ev_io io;
    struct shop *shop;
    long takes_usec;
    int ends[2];
};

static void on_urgent(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct urgent *urgent = io->data;
    char byte;

    (void)loop;
    (void)events;
    assert_int_equal(read(io->fd, &byte, 1), 1);
    now_usec += urgent->takes_usec;
    note(urgent->shop, '!');
}

static void start_urgent(struct urgent *urgent, struct shop *shop)
{
    *urgent = (struct urgent){.shop = shop};
    assert_int_equal(pipe(urgent->ends), 0);
    ev_io_init(&urgent->io, on_urgent, urgent->ends[0], EV_READ);
    ev_set_priority(&urgent->io, EV_MAXPRI);
    urgent->io.data = urgent;
    ev_io_start(shop->loop, &urgent->io);
}

static void stop_urgent(struct urgent *urgent)
{
    ev_io_stop(urgent->shop->loop, &urgent->io);
    close(urgent->ends[0]);
    close(urgent->ends[1]);
}

static void what_is_urgent_waits_for_one_round(void **state)
{
    struct shop shop;
    struct urgent urgent;

    (void)state;
    open_shop(&shop);
    start_urgent(&urgent, &shop);
    for (int i = 0; i < CUSTOMERS; i++)
        shop.customers[i].takes_usec = TURNS_ROUND_USEC;
    all_ask(&shop);
    assert_serves(&shop, "a");
    assert_int_equal(write(urgent.ends[1], "xx", 2), 2);
    assert_serves(&shop, "!b");
    assert_serves(&shop, "!c");
    assert_serves(&shop, "d");
    stop_urgent(&urgent);
    close_shop(&shop);
}

static void a_round_lasts_half_as_long_as_what_was_urgent(void **state)
{
    struct shop shop;
    struct urgent urgent;

    (void)state;
    open_shop(&shop);
    start_urgent(&urgent, &shop);
    for (int i = 0; i < CUSTOMERS; i++) {
        shop.customers[i].takes_usec = TURNS_ROUND_USEC;
        shop.customers[i].again = 3;
    }
    all_ask(&shop);
    assert_int_equal(write(urgent.ends[1], "xxx", 3), 3);
    urgent.takes_usec = 6 * TURNS_ROUND_USEC;
    assert_serves(&shop, "!abc");
    for (int i = 0; i < CUSTOMERS; i++)
        shop.customers[i].takes_usec = TURNS_ROUND_MAX_USEC / 2;
    assert_serves(&shop, "!d");
    urgent.takes_usec = 1000 * TURNS_ROUND_MAX_USEC;
    assert_serves(&shop, "!ea");
    assert_serves(&shop, "b");
    stop_urgent(&urgent);
    close_shop(&shop);
}

static void each_line_has_its_turn(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop);
    for (int i = 0; i < CUSTOMERS; i++) {
        shop.customers[i].line = i < 3 ? TURNS_WORK : TURNS_NEWS;
        shop.customers[i].takes_usec = TURNS_ROUND_USEC;
        shop.customers[i].again = 1;
    }
    all_ask(&shop);
    assert_serves(&shop, "da");
    assert_serves(&shop, "eb");
    assert_serves(&shop, "dc");
    assert_serves(&shop, "ea");
    assert_serves(&shop, "b");
    shop.customers[3].takes_usec = shop.customers[4].takes_usec = TURNS_ROUND_USEC / 2;
    turns_ask(shop.turns, TURNS_NEWS, &shop.customers[3].turn);
    turns_ask(shop.turns, TURNS_NEWS, &shop.customers[4].turn);
    assert_serves(&shop, "dec");
    assert_serves(&shop, "");
    close_shop(&shop);
}

static void on_late(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)timer;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static void the_loop_does_not_wait_while_somebody_stands_in_line(void **state)
{
    struct shop shop;
    struct ev_timer late;

    (void)state;
    open_shop(&shop);
    ev_timer_init(&late, on_late, 60., 0.);
    ev_timer_start(shop.loop, &late);
    shop.customers[0].again = 9;
    turns_ask(shop.turns, shop.customers[0].line, &shop.customers[0].turn);
    for (int i = 0; i < 10; i++)
        ev_run(shop.loop, EVRUN_ONCE);
    assert_string_equal(shop.served, "aaaaaaaaaa");
    assert_true(ev_is_active(&late));
    /* And it does wait when nobody does. */
    ev_timer_stop(shop.loop, &late);
    ev_timer_set(&late, 0.01, 0.);
    ev_timer_start(shop.loop, &late);
    ev_run(shop.loop, EVRUN_ONCE);
    assert_false(ev_is_active(&late));
    close_shop(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asked_first_is_served_first_and_once),
        cmocka_unit_test(who_asks_again_waits_for_the_next_round),
        cmocka_unit_test(a_round_ends_when_it_lasted_long_and_the_next_goes_on),
        cmocka_unit_test(however_long_it_takes_one_is_served_in_each_round),
        cmocka_unit_test(who_left_is_not_served),
        cmocka_unit_test(each_line_has_its_turn),
        cmocka_unit_test(what_is_urgent_waits_for_one_round),
        cmocka_unit_test(a_round_lasts_half_as_long_as_what_was_urgent),
        cmocka_unit_test(the_loop_does_not_wait_while_somebody_stands_in_line),
    };

    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
