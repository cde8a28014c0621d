/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The integers of an address's fields: those on the wire, and the kernel's for what has a name
 * there. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include <jansson.h>

#include "client/address_object.h"
#include "tests/unit/unit_test.h"

static const char key[] =
    "\"ifindex\":2,\"ifname\":\"eth0\",\"local\":\"10.0.0.1\",\"prefixlen\":24";

/* An address with those members beside what identifies it. */
static struct linkwatch_address *parse(const char *family, const char *members)
{
    struct linkwatch_address *address = NULL;
    json_t *json;
    char text[512];

    snprintf(text, sizeof(text), "{%s,\"family\":\"%s\"%s%s}", key, family, *members ? "," : "",
             members);
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_int_equal(address_from_json(json, &address), 0);
    json_decref(json);
    return address;
}

static void expect(const char *family, const char *members, int field, int r, int64_t value)
{
    struct linkwatch_address *address = parse(family, members);
    int64_t got = -1;

    assert_int_equal(linkwatch_address_get_integer(address, field, &got), r);
    assert_int_equal(got, r < 0 ? -1 : value);
    linkwatch_address_unref(address);
}

static void names_have_the_number_of_the_kernel(void **state)
{
    (void)state;
    expect("inet", "", LINKWATCH_ADDRESS_FIELD_FAMILY, 0, AF_INET);
    expect("inet6", "", LINKWATCH_ADDRESS_FIELD_FAMILY, 0, AF_INET6);
    expect("inet", "\"scope\":\"global\"", LINKWATCH_ADDRESS_FIELD_SCOPE, 0, RT_SCOPE_UNIVERSE);
    expect("inet", "\"scope\":\"nowhere\"", LINKWATCH_ADDRESS_FIELD_SCOPE, 0, RT_SCOPE_NOWHERE);
    expect("inet", "\"scope\":\"42\"", LINKWATCH_ADDRESS_FIELD_SCOPE, 0, 42);
    expect("inet", "\"protocol\":\"kernel_ll\"", LINKWATCH_ADDRESS_FIELD_PROTOCOL, 0, 3);
    expect("inet", "\"protocol\":\"186\"", LINKWATCH_ADDRESS_FIELD_PROTOCOL, 0, 186);
}

static void flags_are_those_of_the_kernel(void **state)
{
    (void)state;
    expect("inet", "\"flags\":[]", LINKWATCH_ADDRESS_FIELD_FLAGS, 0, IFA_F_PERMANENT);
    expect("inet", "\"flags\":[\"secondary\",\"noprefixroute\"]", LINKWATCH_ADDRESS_FIELD_FLAGS, 0,
           IFA_F_PERMANENT | IFA_F_SECONDARY | IFA_F_NOPREFIXROUTE);
    expect("inet6", "\"flags\":[\"temporary\",\"dynamic\",\"tentative\"]",
           LINKWATCH_ADDRESS_FIELD_FLAGS, 0, IFA_F_TEMPORARY | IFA_F_TENTATIVE);
    expect("inet6", "\"flags\":[\"stable-privacy\",\"10000\"]", LINKWATCH_ADDRESS_FIELD_FLAGS, 0,
           IFA_F_PERMANENT | IFA_F_STABLE_PRIVACY | 0x10000);
}

static void what_has_no_number_is_not_known(void **state)
{
    (void)state;
    expect("inet7", "", LINKWATCH_ADDRESS_FIELD_FAMILY, -ENODATA, 0);
    expect("inet", "\"scope\":\"galaxy\"", LINKWATCH_ADDRESS_FIELD_SCOPE, -ENODATA, 0);
    expect("inet", "\"scope\":\"256\"", LINKWATCH_ADDRESS_FIELD_SCOPE, -ENODATA, 0);
    expect("inet", "\"scope\":\"\"", LINKWATCH_ADDRESS_FIELD_SCOPE, -ENODATA, 0);
    expect("inet", "\"protocol\":\"-1\"", LINKWATCH_ADDRESS_FIELD_PROTOCOL, -ENODATA, 0);
    expect("inet", "", LINKWATCH_ADDRESS_FIELD_SCOPE, -ENODATA, 0);
    expect("inet", "", LINKWATCH_ADDRESS_FIELD_FLAGS, -ENODATA, 0);
}

static void other_integers_are_as_on_the_wire(void **state)
{
    (void)state;
    expect("inet", "", LINKWATCH_ADDRESS_FIELD_PREFIXLEN, 0, 24);
    expect("inet", "\"metric\":100", LINKWATCH_ADDRESS_FIELD_METRIC, 0, 100);
    expect("inet", "", LINKWATCH_ADDRESS_FIELD_METRIC, -ENODATA, 0);
    expect("inet", "", LINKWATCH_ADDRESS_FIELD_LOCAL, -EINVAL, 0);
    expect("inet", "", 1000, -ENODATA, 0);
    expect("inet", "", -1, -ENODATA, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_the_number_of_the_kernel),
        cmocka_unit_test(flags_are_those_of_the_kernel),
        cmocka_unit_test(what_has_no_number_is_not_known),
        cmocka_unit_test(other_integers_are_as_on_the_wire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
