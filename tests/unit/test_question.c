/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* question, and standing that asks it: when the kernel is asked for a link in doubt. */
#include "tests/unit/virtual.h"

#include <errno.h>

#include "daemon/question.h"

static void a_question_is_due_at_once_and_again_after_a_growing_while(void **state)
{
    struct question question = {.ifindex = 0};
    int64_t now = 1000 * SEC;
    int64_t waited = 0;

    (void)state;
    assert_false(question_is_due(&question, now));
    assert_true(question_next(&question) == INT64_MAX);
    question_set(&question, 7);
    for (int i = 0; i < 4; i++) {
        assert_true(question_is_due(&question, now));
        question_asked(&question, now);
        assert_false(question_is_due(&question, now));
        assert_true(question_next(&question) - now > waited);
        waited = question_next(&question) - now;
        now = question_next(&question);
    }
    assert_false(question_is_due(&question, now));
    assert_true(question_is_hopeless(&question, now));
}

static void an_answer_that_is_still_queued_came_in_time(void **state)
{
    struct question question = {.ifindex = 7};
    int64_t drained = 1000 * SEC;

    (void)state;
    question_asked(&question, drained);
    /* However late it is, as long as the queue was not seen empty. */
    assert_false(question_is_due(&question, drained));
    assert_true(question_is_due(&question, drained + 1 * SEC));
}

static void another_question_begins_anew(void **state)
{
    struct question question = {.ifindex = 0};

    (void)state;
    for (int ifindex = 1; ifindex < 100; ifindex++) {
        question_set(&question, ifindex);
        assert_true(question_is_due(&question, 1 * SEC));
        question_asked(&question, 1 * SEC);
        question_set(&question, ifindex);
        assert_false(question_is_due(&question, 1 * SEC));
    }
}

static void no_look_begins_while_a_link_is_in_doubt(void **state)
{
    struct virtual virtual;
    unsigned looks;

    (void)state;
    virtual_start_denied(&virtual);
    looks = virtual.looks;
    standing_dump_now(virtual.standing);
    standing_doubt(virtual.standing, 7);
    virtual_obey(&virtual);
    assert_int_equal(virtual.looks, looks);
    assert_int_equal(virtual.asks, 1);
    standing_answered(virtual.standing);
    virtual_run(&virtual, 1 * SEC);
    assert_true(virtual.looks > looks);
    assert_int_equal(virtual.asks, 1);
    virtual_stop(&virtual);
}

static void a_question_that_is_never_answered_is_left_within_two_seconds(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    standing_doubt(virtual.standing, 7);
    virtual_run(&virtual, 2 * SEC);
    assert_int_equal(virtual.asks, 4);
    assert_int_equal(virtual.leaves, 1);
    assert_true(virtual.looks > 0);
    virtual_stop(&virtual);
}

static void a_socket_that_is_closed_takes_its_question_along(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    standing_doubt(virtual.standing, 7);
    virtual_obey(&virtual);
    standing_broken(virtual.standing, virtual.now, -EACCES);
    virtual_run(&virtual, 10 * SEC);
    assert_int_equal(virtual.asks, 1);
    assert_int_equal(virtual.leaves, 0);
    virtual_stop(&virtual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_due_at_once_and_again_after_a_growing_while),
        cmocka_unit_test(an_answer_that_is_still_queued_came_in_time),
        cmocka_unit_test(another_question_begins_anew),
        cmocka_unit_test(no_look_begins_while_a_link_is_in_doubt),
        cmocka_unit_test(a_question_that_is_never_answered_is_left_within_two_seconds),
        cmocka_unit_test(a_socket_that_is_closed_takes_its_question_along),
    };

    return cmocka_run_group_tests_name("question", tests, NULL, NULL);
}
