/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* query, and standing that sends it: when the kernel is queried for one link. */
#include "tests/unit/virtual.h"

#include <errno.h>

#include "daemon/query.h"

static void a_query_is_due_at_once_and_again_after_a_growing_while(void **state)
{
    struct query query = {.ifindex = 0};
    int64_t now = 1000 * SEC;
    int64_t waited = 0;

    (void)state;
    assert_false(query_is_due(&query, now));
    assert_true(query_next(&query) == INT64_MAX);
    query_set(&query, 7);
    for (int i = 0; i < 4; i++) {
        assert_true(query_is_due(&query, now));
        query_asked(&query, now);
        assert_false(query_is_due(&query, now));
        assert_true(query_next(&query) - now > waited);
        waited = query_next(&query) - now;
        now = query_next(&query);
    }
    assert_false(query_is_due(&query, now));
    assert_true(query_is_hopeless(&query, now));
}

static void an_answer_that_is_still_queued_came_in_time(void **state)
{
    struct query query = {.ifindex = 7};
    int64_t drained = 1000 * SEC;

    (void)state;
    query_asked(&query, drained);
    /* However late it is, as long as the queue was not seen empty. */
    assert_false(query_is_due(&query, drained));
    assert_true(query_is_due(&query, drained + 1 * SEC));
}

static void another_query_begins_anew(void **state)
{
    struct query query = {.ifindex = 0};

    (void)state;
    for (int ifindex = 1; ifindex < 100; ifindex++) {
        query_set(&query, ifindex);
        assert_true(query_is_due(&query, 1 * SEC));
        query_asked(&query, 1 * SEC);
        query_set(&query, ifindex);
        assert_false(query_is_due(&query, 1 * SEC));
    }
}

static void no_dump_begins_while_a_link_is_queried(void **state)
{
    struct virtual virtual;
    unsigned dumps;

    (void)state;
    virtual_start_denied(&virtual);
    dumps = virtual.dumps;
    standing_dump_now(virtual.standing);
    standing_set_query(virtual.standing, 7);
    virtual_act(&virtual);
    assert_int_equal(virtual.dumps, dumps);
    assert_int_equal(virtual.asks, 1);
    standing_answered(virtual.standing);
    virtual_run(&virtual, 1 * SEC);
    assert_true(virtual.dumps > dumps);
    assert_int_equal(virtual.asks, 1);
    virtual_stop(&virtual);
}

static void a_query_that_is_never_answered_is_dropped_within_two_seconds(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    standing_set_query(virtual.standing, 7);
    virtual_run(&virtual, 2 * SEC);
    assert_int_equal(virtual.asks, 4);
    assert_int_equal(virtual.leaves, 1);
    assert_true(virtual.dumps > 0);
    virtual_stop(&virtual);
}

static void a_closed_socket_drops_its_query(void **state)
{
    struct virtual virtual;

    (void)state;
    virtual_start_denied(&virtual);
    standing_set_query(virtual.standing, 7);
    virtual_act(&virtual);
    standing_broken(virtual.standing, virtual.now, -EACCES);
    virtual_run(&virtual, 10 * SEC);
    assert_int_equal(virtual.asks, 1);
    assert_int_equal(virtual.leaves, 0);
    virtual_stop(&virtual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_due_at_once_and_again_after_a_growing_while),
        cmocka_unit_test(an_answer_that_is_still_queued_came_in_time),
        cmocka_unit_test(another_query_begins_anew),
        cmocka_unit_test(no_dump_begins_while_a_link_is_queried),
        cmocka_unit_test(a_query_that_is_never_answered_is_dropped_within_two_seconds),
        cmocka_unit_test(a_closed_socket_drops_its_query),
    };

    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
