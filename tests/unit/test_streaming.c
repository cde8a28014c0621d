/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connection: a consumer of Monitor. */
#include "tests/unit/talk.h"

#include <ev.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void notify(struct talk *talk, int ifindex, const char *name)
{
    world_notify(&talk->world, LINK(.ifindex = ifindex, .ifname = name));
}

static unsigned apply_all(struct talk *talk, struct consumer *consumer)
{
    const char *message;
    unsigned n = 0;

    talk_turn(talk);
    hear(talk, 64 * PLENTY);
    for (; (message = next_heard(talk)); n++)
        consumer_apply(consumer, message);
    return n;
}

static void a_stream_emits_up_to_the_present_and_goes_on_when_woken(void **state)
{
    struct consumer consumer = {.all = true};
    struct talk f;

    (void)state;
    talk_start(&f);
    notify(&f, 1, "a");
    warning(&f, "stream");
    assert_int_equal(apply_all(&f, &consumer), 2);
    assert_true(consumer.ready);
    waitlist_wake(&f.news);
    assert_int_equal(apply_all(&f, &consumer), 0);
    notify(&f, 2, "b");
    notify(&f, 3, "c");
    waitlist_wake(&f.news);
    assert_int_equal(apply_all(&f, &consumer), 2);
    consumer_check(&consumer, &f.world, NULL);
    json_decref(consumer.links);
    talk_stop(&f);
}

static void who_has_no_stream_does_not_wait_for_news(void **state)
{
    struct talk f;

    (void)state;
    talk_start(&f);
    notify(&f, 1, "a");
    waitlist_wake(&f.news);
    assert_hears_nothing(&f);
    talk_stop(&f);
}

static void a_large_snapshot_shares_the_loop_with_others(void **state)
{
    struct consumer consumer = {.all = true};
    struct talk f;

    (void)state;
    talk_start(&f);
    for (int ifindex = 1; ifindex <= 6000; ifindex++)
        notify(&f, ifindex, "a");
    warning(&f, "stream");
    ev_run(f.host.loop, EVRUN_NOWAIT);
    hear(&f, 64 * PLENTY);
    assert_int_in_range(f.used, 1, 3 * 64 * 1024); /* of about 460 KB */
    while (apply_all(&f, &consumer) > 0)
        ;
    consumer_check(&consumer, &f.world, NULL);
    json_decref(consumer.links);
    talk_stop(&f);
}

static void requests_behind_a_stream_are_not_taken_and_too_many_close_it(void **state)
{
    struct talk f;

    (void)state;
    talk_start(&f);
    warning(&f, "stream");
    warning(&f, "hello");
    talk_turn(&f);
    assert_int_equal(f.requests, 1);
    assert_int_equal(f.closes, 0);
    for (int i = 0; i < 300 && f.closes == 0; i++) {
        warning(&f, "hello");
        talk_turn(&f);
    }
    assert_closed(&f);
    assert_int_equal(f.requests, 1);
    talk_stop(&f);
}

static void a_slow_reader_holds_up_nobody_and_ends_with_the_truth(void **state)
{
    struct consumer consumer = {.all = true};
    struct talk f;

    (void)state;
    talk_start(&f);
    notify(&f, 1, "a");
    warning(&f, "stream");
    apply_all(&f, &consumer);
    for (int i = 0; i < 20000; i++) {
        notify(&f, 1 + i % 10, i % 3 ? "x" : "y");
        waitlist_wake(&f.news);
        if (i % 100 == 0)
            talk_turn(&f);
    }
    assert_int_equal(f.closes, 0);
    while (apply_all(&f, &consumer) > 0)
        ;
    consumer_check(&consumer, &f.world, NULL);
    assert_true(consumer.losses > 0);
    assert_int_equal(consumer.lost, f.world.origin.events_lost);
    assert_int_equal(consumer.sequence, history_newest(f.world.history));
    json_decref(consumer.links);
    talk_stop(&f);
}

static void a_consumer_of_a_stream_who_is_done_asking_goes_on_hearing(void **state)
{
    struct consumer consumer = {.all = true};
    struct talk f;

    (void)state;
    talk_start(&f);
    warning(&f, "stream");
    shutdown(f.theirs, SHUT_WR);
    apply_all(&f, &consumer);
    notify(&f, 1, "a");
    waitlist_wake(&f.news);
    assert_int_equal(apply_all(&f, &consumer), 1);
    assert_int_equal(f.closes, 0);
    json_decref(consumer.links);
    talk_stop(&f);
}

static void a_consumer_of_a_stream_who_leaves_later_is_let_go_without_an_event(void **state)
{
    struct consumer consumer = {.all = true};
    struct talk f;
    ev_tstamp deadline;

    (void)state;
    talk_start(&f);
    warning(&f, "stream");
    shutdown(f.theirs, SHUT_WR);
    apply_all(&f, &consumer);
    assert_int_equal(f.closes, 0);
    close(f.theirs);
    f.theirs = -1;
    deadline = ev_time() + 60.;
    while (f.closes == 0 && ev_time() < deadline)
        if (!ev_run(f.host.loop, EVRUN_ONCE))
            break; /* nothing is waited for any more */
    assert_int_equal(f.closes, 1);
    json_decref(consumer.links);
    talk_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_emits_up_to_the_present_and_goes_on_when_woken),
        cmocka_unit_test(who_has_no_stream_does_not_wait_for_news),
        cmocka_unit_test(a_large_snapshot_shares_the_loop_with_others),
        cmocka_unit_test(requests_behind_a_stream_are_not_taken_and_too_many_close_it),
        cmocka_unit_test(a_slow_reader_holds_up_nobody_and_ends_with_the_truth),
        cmocka_unit_test(a_consumer_of_a_stream_who_is_done_asking_goes_on_hearing),
        cmocka_unit_test(a_consumer_of_a_stream_who_leaves_later_is_let_go_without_an_event),
    };

    return cmocka_run_group_tests_name("streaming", tests, NULL, NULL);
}
