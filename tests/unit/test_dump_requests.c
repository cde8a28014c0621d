/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dump_requests: who waits for which dump. */
#include "tests/unit/support.h"

#include <errno.h>

#include "daemon/dump_requests.h"

static void requests_before_a_dump_begins_have_one_number(void **state)
{
    struct dump_requests requests = {0};

    (void)state;
    assert_int_equal(dump_requests_add(&requests), 1);
    assert_int_equal(dump_requests_add(&requests), 1);
    dump_requests_begin(&requests);
    assert_int_equal(dump_requests_add(&requests), 2);
    assert_int_equal(dump_requests_add(&requests), 2);
}

static void a_dump_fulfils_what_was_requested_before_it_began(void **state)
{
    struct dump_requests requests = {0};
    uint64_t early = dump_requests_add(&requests);
    uint64_t late;

    (void)state;
    dump_requests_begin(&requests);
    late = dump_requests_add(&requests);
    assert_int_equal(dump_requests_result(&requests, early), 0);
    dump_requests_end(&requests, 0);
    assert_int_equal(dump_requests_result(&requests, early), 1);
    assert_int_equal(dump_requests_result(&requests, late), 0);
    dump_requests_begin(&requests);
    dump_requests_end(&requests, 0);
    assert_int_equal(dump_requests_result(&requests, late), 1);
}

static void a_dump_that_nobody_requested_ends_nothing(void **state)
{
    struct dump_requests requests = {0};
    uint64_t request;

    (void)state;
    dump_requests_begin(&requests);
    request = dump_requests_add(&requests);
    dump_requests_end(&requests, 0);
    assert_int_equal(requests.ended, 0);
    assert_int_equal(dump_requests_result(&requests, request), 0);
}

static void a_request_fails_with_the_error_of_its_dump(void **state)
{
    struct dump_requests requests = {0};
    uint64_t request = dump_requests_add(&requests);

    (void)state;
    dump_requests_begin(&requests);
    dump_requests_end(&requests, -EBUSY);
    assert_int_equal(dump_requests_result(&requests, request), -EBUSY);
    assert_int_equal(requests.ended, request);
}

static void a_success_after_it_counts_for_an_older_request_that_failed(void **state)
{
    struct dump_requests requests = {0};
    uint64_t request = dump_requests_add(&requests);

    (void)state;
    dump_requests_begin(&requests);
    dump_requests_end(&requests, -EBUSY);
    dump_requests_add(&requests);
    dump_requests_begin(&requests);
    dump_requests_end(&requests, 0);
    assert_int_equal(dump_requests_result(&requests, request), 1);
}

static void without_a_socket_requests_fail_that_have_not_begun_too(void **state)
{
    struct dump_requests requests = {0};
    uint64_t early = dump_requests_add(&requests);
    uint64_t late;

    (void)state;
    dump_requests_begin(&requests);
    late = dump_requests_add(&requests);
    dump_requests_fail(&requests, -ENOTCONN);
    assert_int_equal(dump_requests_result(&requests, early), -ENOTCONN);
    assert_int_equal(dump_requests_result(&requests, late), -ENOTCONN);
    assert_int_equal(dump_requests_result(&requests, dump_requests_add(&requests)), 0);
}

static void where_nobody_waits_a_failure_is_none_of_a_request(void **state)
{
    struct dump_requests requests = {0};
    uint64_t request = dump_requests_add(&requests);

    (void)state;
    dump_requests_begin(&requests);
    dump_requests_end(&requests, 0);
    dump_requests_fail(&requests, -ENOTCONN);
    assert_int_equal(dump_requests_result(&requests, request), 1);
    assert_int_equal(requests.failure, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_before_a_dump_begins_have_one_number),
        cmocka_unit_test(a_dump_fulfils_what_was_requested_before_it_began),
        cmocka_unit_test(a_dump_that_nobody_requested_ends_nothing),
        cmocka_unit_test(a_request_fails_with_the_error_of_its_dump),
        cmocka_unit_test(a_success_after_it_counts_for_an_older_request_that_failed),
        cmocka_unit_test(without_a_socket_requests_fail_that_have_not_begun_too),
        cmocka_unit_test(where_nobody_waits_a_failure_is_none_of_a_request),
    };

    return cmocka_run_group_tests_name("dump_requests", tests, NULL, NULL);
}
