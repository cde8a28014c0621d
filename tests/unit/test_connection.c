/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connection: calls and answers. */
#include "tests/unit/talk.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- requests */

static void a_request_is_answered(void **state)
{
    struct talk f;

    (void)state;
    talk_start(&f);
    warning(&f, "hello");
    assert_hears(&f, "hello");
    warning(&f, "");
    assert_hears(&f, "");
    talk_stop(&f);
}

static void a_request_split_at_any_byte_is_answered(void **state)
{
    static const char request[] = "first\0second";
    struct talk f;

    (void)state;
    talk_start(&f);
    for (size_t split = 0; split <= sizeof(request); split++) {
        say_bytes(&f, request, split);
        talk_turn(&f);
        say_bytes(&f, request + split, sizeof(request) - split);
        assert_hears(&f, "first");
        assert_hears(&f, "second");
    }
    assert_hears_nothing(&f);
    talk_stop(&f);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct talk f;
    char all[500 * 32], text[32];
    size_t used = 0;

    (void)state;
    talk_start(&f);
    for (int i = 0; i < 500; i++)
        used += (size_t)snprintf(all + used, sizeof(all) - used, "number %d", i) + 1;
    say_bytes(&f, all, used);
    for (int i = 0; i < 500; i++) {
        snprintf(text, sizeof(text), "number %d", i);
        assert_hears(&f, text);
    }
    talk_stop(&f);
}

static void requests_that_need_no_answer_do_not_stop_the_others(void **state)
{
    struct talk f;

    (void)state;
    talk_start(&f);
    for (int i = 0; i < 100; i++)
        warning(&f, "silence");
    warning(&f, "hello");
    assert_hears(&f, "hello");
    assert_int_equal(f.requests, 101);
    talk_stop(&f);
}

static void one_iteration_of_the_loop_takes_no_more_than_its_slice(void **state)
{
    struct talk f;

    (void)state;
    talk_start(&f);
    for (int i = 0; i < 100; i++)
        warning(&f, "silence");
    ev_run(f.host.loop, EVRUN_NOWAIT);
    assert_int_in_range(f.requests, 1, 99);
    talk_turn(&f);
    assert_int_equal(f.requests, 100);
    talk_stop(&f);
}

static void an_over_long_request_closes_the_connection(void **state)
{
    char request[REQUEST_MAX + 2];

    (void)state;
    memset(request, 'x', sizeof(request));
    request[REQUEST_MAX] = request[REQUEST_MAX + 1] = '\0';
    for (int nul = 0; nul < 2; nul++) {
        struct talk f;

        talk_start(&f);
        say_bytes(&f, request, REQUEST_MAX + 1); /* of exactly the limit */
        talk_turn(&f);
        assert_int_equal(f.requests, 1);
        assert_int_equal(f.closes, 0);
        request[REQUEST_MAX] = 'x';
        say_bytes(&f, request, REQUEST_MAX + 1 + (size_t)nul);
        assert_closed(&f);
        assert_int_equal(f.requests, 1);
        request[REQUEST_MAX] = '\0';
        talk_stop(&f);
    }
}

static void a_request_that_the_handler_rejects_closes_the_connection(void **state)
{
    struct talk f;

    (void)state;
    talk_start(&f);
    warning(&f, "wrong");
    warning(&f, "hello");
    assert_closed(&f);
    assert_int_equal(f.requests, 1);
    talk_stop(&f);
}

/* --- an answer that waits */

static void while_an_answer_waits_further_requests_wait(void **state)
{
    struct talk f;

    (void)state;
    talk_start(&f);
    warning(&f, "later");
    warning(&f, "hello");
    assert_hears_nothing(&f);
    assert_int_equal(f.requests, 1);
    talk_release(&f);
    assert_hears(&f, "later");
    assert_hears(&f, "hello");
    talk_stop(&f);
}

static void while_an_answer_waits_no_more_is_read_than_has_room(void **state)
{
    struct talk f;
    char text[100] = "";
    unsigned sent = 0;

    (void)state;
    memset(text, 'y', sizeof(text) - 1);
    talk_start(&f);
    warning(&f, "later");
    talk_turn(&f);
    while (send(f.theirs, text, sizeof(text), MSG_NOSIGNAL) > 0) {
        sent++;
        if (sent % 10 == 0)
            talk_turn(&f);
        assert_int_in_range(sent, 0, 100000); /* else it reads on and on */
    }
    assert_int_equal(f.requests, 1);
    talk_release(&f);
    assert_hears(&f, "later");
    for (unsigned i = 0; i < sent; i++)
        assert_hears(&f, text);
    talk_stop(&f);
}

static void while_an_answer_is_on_its_way_further_requests_wait(void **state)
{
    struct talk f;
    int small = 1;
    size_t heard = 0;

    (void)state;
    talk_start(&f);
    setsockopt(f.theirs, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (int i = 0; i < 20; i++)
        warning(&f, "much");
    talk_turn(&f);
    assert_int_in_range(f.requests, 1, 19);
    for (int i = 0; heard < 20 * 40001; i++) {
        assert_int_in_range(i, 0, 1000);
        heard += hear(&f, 10000);
        talk_turn(&f);
    }
    assert_int_equal(f.requests, 20);
    talk_stop(&f);
}

/* --- the end */

static void a_consumer_who_leaves_is_let_go(void **state)
{
    struct talk f;

    (void)state;
    talk_start(&f);
    close(f.theirs);
    f.theirs = -1;
    assert_closed(&f);
    talk_stop(&f);
}

static void leaving_in_the_middle_of_anything_leaks_nothing(void **state)
{
    static const char *const middles[] = {"half a req", "much", "later", "stream"};

    (void)state;
    for (size_t i = 0; i < sizeof(middles) / sizeof(middles[0]); i++) {
        struct talk f;

        talk_start(&f);
        say_bytes(&f, middles[i], strlen(middles[i]) + (i > 0));
        talk_turn(&f);
        say_bytes(&f, "and more", 8);
        close(f.theirs);
        f.theirs = -1;
        talk_turn(&f);
        if (i == 2) { /* it is seen when the answer is to be sent */
            talk_release(&f);
        }
        assert_closed(&f);
        talk_stop(&f);
    }
}

static void who_says_that_it_is_done_is_still_answered(void **state)
{
    struct talk f;

    (void)state;
    talk_start(&f);
    for (int i = 0; i < 100; i++)
        warning(&f, "hello");
    warning(&f, "later");
    warning(&f, "bye");
    assert_int_equal(shutdown(f.theirs, SHUT_WR), 0);
    for (int i = 0; i < 100; i++)
        assert_hears(&f, "hello");
    assert_int_equal(f.closes, 0);
    talk_release(&f);
    assert_hears(&f, "later");
    assert_hears(&f, "bye");
    assert_closed(&f);
    talk_stop(&f);
}

static void its_owner_may_end_it_at_any_time(void **state)
{
    static const char *const requests[] = {"hello", "much", "later", "stream"};

    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct talk f;
        char byte;

        talk_start(&f);
        world_notify(&f.world, LINK(.ifindex = 1, .ifname = "a"));
        warning(&f, requests[i]);
        talk_turn(&f);
        connection_free(f.connection);
        hear(&f, PLENTY);
        assert_int_equal(recv(f.theirs, &byte, 1, 0), 0); /* the end of the stream */
        talk_stop(&f);
    }
    assert_null(connection_free(NULL));
}

/* --- whatever happens */

/* The next number, sometimes with much behind it. */
static void ask_at_random(struct talk *f, struct dice *dice, unsigned *asked)
{
    char text[512];
    int length =
        snprintf(text, sizeof(text), "%u%*s", *asked, roll(dice, 5) ? 0 : (int)roll(dice, 400), "");

    if (send(f->theirs, text, (size_t)length + 1, MSG_NOSIGNAL) == length + 1)
        (*asked)++;
    else
        assert_int_equal(errno, EAGAIN);
}

static void whatever_is_asked_and_read_answers_come_in_order(void **state)
{
    struct dice dice = {.state = 11};
    struct talk f;
    unsigned asked = 0, heard = 0;
    const char *message;

    (void)state;
    talk_start(&f);
    for (int i = 0; i < 20000 || heard < asked; i++) {
        assert_int_in_range(i, 0, 1000000);
        for (unsigned n = i < 20000 ? roll(&dice, 20) : 0; n > 0; n--)
            ask_at_random(&f, &dice, &asked);
        if (!f.holds && roll(&dice, 30) == 0 && i < 20000)
            f.holds = true;
        else if (f.holds && roll(&dice, 3) == 0)
            talk_release(&f);
        ev_run(f.host.loop, EVRUN_NOWAIT);
        hear(&f, roll(&dice, 200));
        for (; (message = next_heard(&f)); heard++)
            assert_int_equal(strtoul(message, NULL, 10), heard);
    }
    assert_true(asked > 10000);
    assert_int_equal(heard, asked);
    talk_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(a_request_split_at_any_byte_is_answered),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(requests_that_need_no_answer_do_not_stop_the_others),
        cmocka_unit_test(one_iteration_of_the_loop_takes_no_more_than_its_slice),
        cmocka_unit_test(an_over_long_request_closes_the_connection),
        cmocka_unit_test(a_request_that_the_handler_rejects_closes_the_connection),
        cmocka_unit_test(while_an_answer_waits_further_requests_wait),
        cmocka_unit_test(while_an_answer_waits_no_more_is_read_than_has_room),
        cmocka_unit_test(while_an_answer_is_on_its_way_further_requests_wait),
        cmocka_unit_test(a_consumer_who_leaves_is_let_go),
        cmocka_unit_test(leaving_in_the_middle_of_anything_leaks_nothing),
        cmocka_unit_test(who_says_that_it_is_done_is_still_answered),
        cmocka_unit_test(its_owner_may_end_it_at_any_time),
        cmocka_unit_test(whatever_is_asked_and_read_answers_come_in_order),
    };

    return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
