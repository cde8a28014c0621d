/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy: what a program's calls come to where the kernel refuses a part. */
#include "tests/unit/support.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#include "reach/policy.h"

#define LINKS     RTMGRP_LINK
#define INET      RTMGRP_IPV4_IFADDR
#define INET6     RTMGRP_IPV6_IFADDR
#define ADDRESSES (INET | INET6)
#define ROUTES    RTMGRP_IPV4_ROUTE

static const struct membership none = {0};
static const struct membership served = {.wanted = LINKS};
static const struct membership granted = {.wanted = LINKS, .granted = LINKS};

static struct ruling rule(enum attempt_kind kind, uint32_t value, int error,
                          const struct membership *now)
{
    const struct attempt attempt = {.kind = kind, .value = value, .error = error};

    return policy_rule(&attempt, now);
}

static void assert_membership(const struct ruling *ruling, uint32_t wanted, uint32_t granted_groups)
{
    assert_int_equal(ruling->error, 0);
    assert_int_equal(ruling->membership.wanted, wanted);
    assert_int_equal(ruling->membership.granted, granted_groups);
}

static void a_denied_bind_to_links_is_served(void **state)
{
    static const int denials[] = {EACCES, EPERM, EOPNOTSUPP, ENOPROTOOPT};

    (void)state;
    for (size_t i = 0; i < sizeof(denials) / sizeof(denials[0]); i++) {
        struct ruling ruling = rule(ATTEMPT_BIND, LINKS, denials[i], &none);

        assert_membership(&ruling, LINKS, 0);
        assert_true(ruling.changes && ruling.repeats && !ruling.passes_over);
        assert_int_equal(ruling.groups, 0);
    }
}

static void a_wrong_bind_stays_wrong(void **state)
{
    struct ruling ruling = rule(ATTEMPT_BIND, LINKS, EADDRINUSE, &none);

    (void)state;
    assert_int_equal(ruling.error, EADDRINUSE);
    assert_false(ruling.changes);
}

static void a_denied_bind_keeps_what_was_granted_before(void **state)
{
    struct ruling ruling = rule(ATTEMPT_BIND, LINKS | ADDRESSES, EOPNOTSUPP, &granted);

    (void)state;
    assert_membership(&ruling, LINKS | ADDRESSES, LINKS);
    assert_true(ruling.repeats && !ruling.passes_over);
    assert_int_equal(ruling.groups, LINKS);
    ruling = rule(ATTEMPT_BIND, ADDRESSES, EOPNOTSUPP, &granted);
    assert_membership(&ruling, ADDRESSES, 0);
    assert_int_equal(ruling.groups, 0);
}

static void what_was_served_is_granted_later(void **state)
{
    struct ruling ruling = rule(ATTEMPT_JOIN, RTNLGRP_LINK, 0, &served);

    (void)state;
    assert_membership(&ruling, LINKS, LINKS);
    assert_true(ruling.changes);
}

static void a_bind_without_links_ends_a_subscription(void **state)
{
    struct ruling ruling = rule(ATTEMPT_BIND, 0, 0, &served);

    (void)state;
    assert_membership(&ruling, 0, 0);
    assert_true(ruling.changes && !ruling.repeats);
}

static void leaving_ends_a_subscription_that_only_we_serve(void **state)
{
    struct ruling ruling = rule(ATTEMPT_LEAVE, RTNLGRP_LINK, ENOPROTOOPT, &served);

    (void)state;
    assert_membership(&ruling, 0, 0);
    ruling = rule(ATTEMPT_LEAVE, RTNLGRP_LINK, ENOPROTOOPT, &none);
    assert_int_equal(ruling.error, ENOPROTOOPT);
}

static void each_group_is_granted_or_served_by_itself(void **state)
{
    struct ruling ruling = rule(ATTEMPT_JOIN, RTNLGRP_IPV4_IFADDR, EACCES, &granted);

    (void)state;
    assert_membership(&ruling, LINKS | INET, LINKS);
    assert_true(ruling.changes && !ruling.passes_over);
    ruling = rule(ATTEMPT_JOIN, RTNLGRP_IPV6_IFADDR, 0, &ruling.membership);
    assert_membership(&ruling, LINKS | ADDRESSES, LINKS | INET6);
    ruling = rule(ATTEMPT_LEAVE, RTNLGRP_IPV4_IFADDR, ENOPROTOOPT, &ruling.membership);
    assert_membership(&ruling, LINKS | INET6, LINKS | INET6);
    ruling = rule(ATTEMPT_LEAVE, RTNLGRP_LINK, 0, &ruling.membership);
    assert_membership(&ruling, INET6, INET6);
    ruling = rule(ATTEMPT_LEAVE, RTNLGRP_IPV4_IFADDR, ENOPROTOOPT, &ruling.membership);
    assert_int_equal(ruling.error, ENOPROTOOPT);
    assert_false(ruling.changes);
}

static void addresses_are_served_alone(void **state)
{
    struct ruling ruling = rule(ATTEMPT_JOIN, RTNLGRP_IPV6_IFADDR, ENOPROTOOPT, &none);

    (void)state;
    assert_membership(&ruling, INET6, 0);
    ruling = rule(ATTEMPT_BIND, ADDRESSES, EACCES, &none);
    assert_membership(&ruling, ADDRESSES, 0);
    assert_true(ruling.changes && ruling.repeats && !ruling.passes_over);
}

static void other_groups_are_passed_over_beside_those_that_are_served(void **state)
{
    struct ruling ruling = rule(ATTEMPT_JOIN, RTNLGRP_IPV4_ROUTE, EACCES, &served);

    (void)state;
    assert_int_equal(ruling.error, 0);
    assert_true(ruling.passes_over && !ruling.changes);
    ruling = rule(ATTEMPT_BIND, ADDRESSES | ROUTES, EACCES, &none);
    assert_membership(&ruling, ADDRESSES, 0);
    assert_true(ruling.passes_over);
    ruling = rule(ATTEMPT_JOIN, RTNLGRP_IPV4_ROUTE, EACCES, &none);
    assert_int_equal(ruling.error, EACCES);
    ruling = rule(ATTEMPT_BIND, ROUTES, EACCES, &none);
    assert_int_equal(ruling.error, EACCES);
    /* Groups beyond those of a mask: RTNLGRP_NSID, and none at all. */
    ruling = rule(ATTEMPT_JOIN, 33, EACCES, &none);
    assert_int_equal(ruling.error, EACCES);
    ruling = rule(ATTEMPT_JOIN, 0, EPERM, &none);
    assert_int_equal(ruling.error, EPERM);
    ruling = rule(ATTEMPT_JOIN, 32 + RTNLGRP_LINK, EPERM, &none);
    assert_int_equal(ruling.error, EPERM);
}

static void a_refused_pktinfo_is_granted(void **state)
{
    struct ruling ruling = rule(ATTEMPT_PKTINFO, 1, ENOPROTOOPT, &none);

    (void)state;
    assert_int_equal(ruling.error, 0);
    assert_true(ruling.changes && ruling.membership.pktinfo);
    ruling = rule(ATTEMPT_PKTINFO, 0, ENOPROTOOPT, &ruling.membership);
    assert_true(ruling.changes && !ruling.membership.pktinfo);
    ruling = rule(ATTEMPT_PKTINFO, 1, 0, &none);
    assert_false(ruling.changes);
}

static void a_denied_request_to_groups_is_repeated_without_them(void **state)
{
    struct ruling ruling = rule(ATTEMPT_SEND, LINKS | ROUTES, EACCES, &served);

    (void)state;
    assert_true(ruling.repeats && !ruling.changes);
    assert_int_equal(ruling.groups, 0);
    assert_int_equal(ruling.error, EACCES);
    assert_false(rule(ATTEMPT_SEND, LINKS, EACCES, &none).repeats);
    assert_false(rule(ATTEMPT_SEND, LINKS, ECONNREFUSED, &served).repeats);
    assert_false(rule(ATTEMPT_SEND, LINKS, 0, &served).repeats);
    assert_false(rule(ATTEMPT_SEND, 0, EACCES, &served).repeats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_denied_bind_to_links_is_served),
        cmocka_unit_test(a_wrong_bind_stays_wrong),
        cmocka_unit_test(a_denied_bind_keeps_what_was_granted_before),
        cmocka_unit_test(what_was_served_is_granted_later),
        cmocka_unit_test(a_bind_without_links_ends_a_subscription),
        cmocka_unit_test(leaving_ends_a_subscription_that_only_we_serve),
        cmocka_unit_test(each_group_is_granted_or_served_by_itself),
        cmocka_unit_test(addresses_are_served_alone),
        cmocka_unit_test(other_groups_are_passed_over_beside_those_that_are_served),
        cmocka_unit_test(a_refused_pktinfo_is_granted),
        cmocka_unit_test(a_denied_request_to_groups_is_repeated_without_them),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
