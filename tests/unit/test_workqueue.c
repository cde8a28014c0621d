/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* workqueue: who is served when, by a clock of its own. */
#include "tests/unit/support.h"

#include <ev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/workqueue.h"

#define USERS 3
#define JOBS  6 /* a, b and so on; those of user 0 come first, then those of user 1 */

struct shop;

/* Each of them writes its letter when it is served. */
struct customer {
    struct job job;
    struct shop *shop;
    enum workqueue_priority priority;
    char letter;
    int again;               /* asks so often anew */
    int64_t takes_usec;      /* each time; 0: its slice */
    struct customer *throws; /* whom it takes out */
};

struct shop {
    struct ev_loop *loop;
    struct workqueue *queue;
    struct workqueue_share shares[USERS];
    struct customer customers[JOBS];
    char served[256];
};

static int64_t now_usec;

static int64_t now(void)
{
    return now_usec;
}

static void note(struct shop *shop, char letter)
{
    size_t length = strlen(shop->served);

    assert_int_in_range(length, 0, sizeof(shop->served) - 2);
    shop->served[length] = letter;
}

static void be_served(void *user, struct slice *slice)
{
    struct customer *customer = user;

    assert_false(customer->job.waiting);
    assert_false(slice_is_over(slice));
    assert_int_in_range(slice->end - now_usec, 1, WORKQUEUE_SLICE_USEC);
    note(customer->shop, customer->letter);
    now_usec = customer->takes_usec ? now_usec + customer->takes_usec : slice->end;
    if (customer->throws)
        workqueue_remove(customer->shop->queue, &customer->throws->job);
    if (customer->again-- > 0)
        workqueue_add(customer->shop->queue, &customer->job, customer->priority);
}

/* users[i]: whose the job i is. */
static void open_shop(struct shop *shop, const char *users)
{
    *shop = (struct shop){.loop = ev_loop_new(0)};
    assert_non_null(shop->loop);
    shop->queue = workqueue_new(shop->loop, now);
    assert_non_null(shop->queue);
    for (int i = 0; i < USERS; i++)
        workqueue_share_init(&shop->shares[i]);
    for (int i = 0; i < JOBS && users[i]; i++)
        shop->customers[i] = (struct customer){
            .job = {.run = be_served,
                    .user = &shop->customers[i],
                    .share = &shop->shares[users[i] - '0']},
            .priority = WORKQUEUE_REQUESTS,
            .shop = shop,
            .letter = (char)('a' + i),
            .takes_usec = 1,
        };
}

static void close_shop(struct shop *shop)
{
    for (int i = 0; i < JOBS && shop->customers[i].shop; i++)
        workqueue_remove(shop->queue, &shop->customers[i].job);
    assert_null(workqueue_free(shop->queue));
    ev_loop_destroy(shop->loop);
}

static void ask(struct shop *shop, int customer)
{
    workqueue_add(shop->queue, &shop->customers[customer].job, shop->customers[customer].priority);
}

static void all_ask(struct shop *shop)
{
    for (int i = 0; i < JOBS && shop->customers[i].shop; i++)
        ask(shop, i);
}

static void all_take(struct shop *shop, int64_t usec, int again)
{
    for (int i = 0; i < JOBS; i++) {
        shop->customers[i].takes_usec = usec;
        shop->customers[i].again = again;
    }
}

/* One iteration of the loop, which doesn't wait, serves these. */
static void assert_serves(struct shop *shop, const char *expected)
{
    memset(shop->served, 0, sizeof(shop->served));
    ev_run(shop->loop, EVRUN_NOWAIT);
    assert_string_equal(shop->served, expected);
}

/* So many iterations serve these. */
static void assert_serves_in(struct shop *shop, int iterations, const char *expected)
{
    memset(shop->served, 0, sizeof(shop->served));
    for (int i = 0; i < iterations; i++)
        ev_run(shop->loop, EVRUN_NOWAIT);
    assert_string_equal(shop->served, expected);
}

static void who_asked_first_is_served_first_and_once(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop, "00000");
    assert_serves(&shop, "");
    ask(&shop, 3);
    all_ask(&shop);
    all_ask(&shop);
    assert_true(shop.customers[0].job.waiting);
    assert_serves(&shop, "dabce");
    assert_serves(&shop, "");
    close_shop(&shop);
}

static void a_round_ends_when_it_lasted_long_and_the_next_goes_on(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop, "00000");
    all_take(&shop, WORKQUEUE_ROUND_MIN_USEC / 2, 0);
    shop.customers[0].again = 1;
    all_ask(&shop);
    assert_serves(&shop, "ab");
    ask(&shop, 1);
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
    open_shop(&shop, "000");
    all_take(&shop, 1000 * WORKQUEUE_SLICE_USEC, 1);
    all_ask(&shop);
    for (int i = 0; i < 2 * 3; i++)
        assert_serves(&shop, (const char[]){(char)('a' + i % 3), '\0'});
    assert_serves(&shop, "");
    close_shop(&shop);
}

static void users_are_served_by_time_and_not_by_the_number_of_their_jobs(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop, "000001");
    all_take(&shop, 0, 100);
    all_ask(&shop);
    assert_serves_in(&shop, 12, "afbfcfdfefaf");
    /* Nor by that of the pieces of work. */
    shop.customers[5].takes_usec = WORKQUEUE_SLICE_USEC / 5;
    assert_serves_in(&shop, 6, "bfffffcfffffdfffff");
    close_shop(&shop);
}

static void a_user_who_comes_waits_for_one_slice_of_each_other(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop, "000012");
    all_take(&shop, 0, 100);
    for (int i = 0; i < 5; i++)
        ask(&shop, i);
    assert_serves_in(&shop, 5, "aebec");
    ask(&shop, 5);
    assert_serves_in(&shop, 3, "edf");
    close_shop(&shop);
}

static void what_is_left_of_a_slice_is_for_the_users_next_job(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop, "001");
    all_take(&shop, WORKQUEUE_SLICE_USEC - 5, 0);
    shop.customers[1].takes_usec = 0;
    all_ask(&shop);
    assert_serves(&shop, "ab");
    assert_serves(&shop, "c");
    close_shop(&shop);
}

static void events_and_other_work_of_a_user_are_served_alternately(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop, "000000");
    for (int i = 3; i < 6; i++)
        shop.customers[i].priority = WORKQUEUE_EVENTS;
    all_ask(&shop);
    assert_serves(&shop, "daebfc");
    close_shop(&shop);
}

static void who_does_not_end_in_its_slice_goes_on_behind_the_others(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop, "0000");
    for (int i = 0; i < 4; i++)
        shop.customers[i].priority = i < 3 ? WORKQUEUE_EVENTS : WORKQUEUE_REQUESTS;
    shop.customers[0].again = 2;
    shop.customers[0].takes_usec = 0;
    all_ask(&shop);
    assert_serves(&shop, "a");
    assert_serves(&shop, "dba");
    assert_serves(&shop, "ca");
    /* The next time it begins there. */
    shop.customers[0].takes_usec = 1;
    all_ask(&shop);
    assert_serves(&shop, "bacd");
    /* It was fast then. */
    all_ask(&shop);
    assert_serves(&shop, "adbc");
    close_shop(&shop);
}

static void who_left_is_not_served(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop, "00000");
    shop.customers[0].throws = &shop.customers[4];
    shop.customers[1].throws = &shop.customers[0];
    all_ask(&shop);
    workqueue_remove(shop.queue, &shop.customers[2].job);
    workqueue_remove(shop.queue, &shop.customers[2].job);
    assert_serves(&shop, "abd");
    assert_serves(&shop, "");
    ask(&shop, 2);
    assert_serves(&shop, "c");
    close_shop(&shop);
}

/* A job whose connection ends in it, and whose user with it. */
struct last {
    struct job job;
    struct workqueue_share share;
    struct workqueue *queue;
    bool waits; /* asks again before */
};

static void leave_for_good(void *user, struct slice *slice)
{
    struct last *last = user;

    (void)slice;
    if (last->waits)
        workqueue_add(last->queue, &last->job, WORKQUEUE_REQUESTS);
    workqueue_remove(last->queue, &last->job);
    workqueue_remove_share(last->queue, &last->share);
    memset(last, 0xa5, sizeof(*last));
    free(last);
}

static void a_job_and_its_share_may_be_freed_while_it_runs(void **state)
{
    struct shop shop;

    (void)state;
    open_shop(&shop, "0");
    for (int i = 0; i < 2; i++) {
        struct last *last = calloc(1, sizeof(*last));

        assert_non_null(last);
        *last = (struct last){.job = {.run = leave_for_good, .user = last, .share = &last->share},
                              .queue = shop.queue,
                              .waits = i};
        workqueue_share_init(&last->share);
        workqueue_add(shop.queue, &last->job, WORKQUEUE_REQUESTS);
        ask(&shop, 0);
        assert_serves(&shop, "a");
    }
    close_shop(&shop);
}

/* What is urgent, from a pipe: one byte each time. */
struct urgent {
    struct ev_io io;
    struct shop *shop;
    int64_t takes_usec;
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
    open_shop(&shop, "012");
    start_urgent(&urgent, &shop);
    all_take(&shop, WORKQUEUE_ROUND_MIN_USEC, 0);
    for (int i = 0; i < 3; i++)
        ask(&shop, i);
    assert_serves(&shop, "a");
    assert_int_equal(write(urgent.ends[1], "xx", 2), 2);
    assert_serves(&shop, "!b");
    assert_serves(&shop, "!c");
    stop_urgent(&urgent);
    close_shop(&shop);
}

static void a_round_lasts_as_long_as_what_was_urgent(void **state)
{
    struct shop shop;
    struct urgent urgent;

    (void)state;
    open_shop(&shop, "00000");
    start_urgent(&urgent, &shop);
    all_take(&shop, WORKQUEUE_ROUND_MIN_USEC, 3);
    all_ask(&shop);
    assert_int_equal(write(urgent.ends[1], "xxx", 3), 3);
    urgent.takes_usec = 3 * WORKQUEUE_ROUND_MIN_USEC;
    assert_serves(&shop, "!abc");
    all_take(&shop, WORKQUEUE_ROUND_MAX_USEC / 2, 3);
    assert_serves(&shop, "!d");
    urgent.takes_usec = 1000 * WORKQUEUE_ROUND_MAX_USEC;
    assert_serves(&shop, "!ea");
    assert_serves(&shop, "b");
    stop_urgent(&urgent);
    close_shop(&shop);
}

static void on_late(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)timer;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static void the_loop_does_not_wait_while_a_job_does(void **state)
{
    struct shop shop;
    struct ev_timer late;

    (void)state;
    open_shop(&shop, "0");
    ev_timer_init(&late, on_late, 60., 0.);
    ev_timer_start(shop.loop, &late);
    all_take(&shop, 0, 9);
    ask(&shop, 0);
    for (int i = 0; i < 10; i++)
        ev_run(shop.loop, EVRUN_ONCE);
    assert_string_equal(shop.served, "aaaaaaaaaa");
    assert_true(ev_is_active(&late));
    /* And it does wait when none does. */
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
        cmocka_unit_test(a_round_ends_when_it_lasted_long_and_the_next_goes_on),
        cmocka_unit_test(however_long_it_takes_one_is_served_in_each_round),
        cmocka_unit_test(users_are_served_by_time_and_not_by_the_number_of_their_jobs),
        cmocka_unit_test(a_user_who_comes_waits_for_one_slice_of_each_other),
        cmocka_unit_test(what_is_left_of_a_slice_is_for_the_users_next_job),
        cmocka_unit_test(events_and_other_work_of_a_user_are_served_alternately),
        cmocka_unit_test(who_does_not_end_in_its_slice_goes_on_behind_the_others),
        cmocka_unit_test(who_left_is_not_served),
        cmocka_unit_test(a_job_and_its_share_may_be_freed_while_it_runs),
        cmocka_unit_test(what_is_urgent_waits_for_one_round),
        cmocka_unit_test(a_round_lasts_as_long_as_what_was_urgent),
        cmocka_unit_test(the_loop_does_not_wait_while_a_job_does),
    };

    return cmocka_run_group_tests_name("workqueue", tests, NULL, NULL);
}
