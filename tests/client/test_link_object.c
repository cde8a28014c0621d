/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A link's fields: what the kernel reported, what it didn't, and how they compare. */
#include <errno.h>
#include <linux/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "client/link_object.h"
#include "tests/client/parsed_link.h"

#define FIELD_COUNT (LINKWATCH_FIELD_LAST_DOWN_USEC + 1)

static const char nothing[] = "{\"ifindex\":2,\"ifname\":\"eth0\"}";

static const struct {
    int field;
    int64_t value;
} numbers[] = {
    {LINKWATCH_FIELD_CARRIER_CHANGES, 3},
    {LINKWATCH_FIELD_CARRIER_UP_COUNT, 4},
    {LINKWATCH_FIELD_CARRIER_DOWN_COUNT, 5},
    {LINKWATCH_FIELD_MTU, 6},
    {LINKWATCH_FIELD_MIN_MTU, 7},
    {LINKWATCH_FIELD_MAX_MTU, 4294967295},
    {LINKWATCH_FIELD_LINK_INDEX, 8},
    {LINKWATCH_FIELD_LINK_NETNSID, 0},
    {LINKWATCH_FIELD_TXQLEN, 10},
    {LINKWATCH_FIELD_PROMISCUITY, 11},
    {LINKWATCH_FIELD_NUM_TX_QUEUES, 12},
    {LINKWATCH_FIELD_NUM_RX_QUEUES, 13},
    {LINKWATCH_FIELD_MASTER_IFINDEX, 14},
    {LINKWATCH_FIELD_LINK_IFINDEX, 15},
    {LINKWATCH_FIELD_SINCE_USEC, 16},
    {LINKWATCH_FIELD_LAST_UP_USEC, 17},
    {LINKWATCH_FIELD_LAST_DOWN_USEC, 18},
};

static const struct {
    int field;
    const char *value;
} texts[] = {
    {LINKWATCH_FIELD_IFALIAS, "uplink"},
    {LINKWATCH_FIELD_LINK_TYPE, "ether"},
    {LINKWATCH_FIELD_OPERSTATE, "UP"},
    {LINKWATCH_FIELD_LINKMODE, "DEFAULT"},
    {LINKWATCH_FIELD_ADDRESS, "aa:bb"},
    {LINKWATCH_FIELD_BROADCAST, "ff:ff"},
    {LINKWATCH_FIELD_PERMADDR, "cc:dd"},
    {LINKWATCH_FIELD_MASTER, "br0"},
    {LINKWATCH_FIELD_LINK, "peer"},
    {LINKWATCH_FIELD_GROUP, "default"},
    {LINKWATCH_FIELD_QDISC, "noop"},
    {LINKWATCH_FIELD_PARENTBUS, "pci"},
    {LINKWATCH_FIELD_PARENTDEV, "0000:00"},
    {LINKWATCH_FIELD_INFO_KIND, "veth"},
    {LINKWATCH_FIELD_INFO_SLAVE_KIND, "bridge"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void what_the_kernel_reported_is_returned(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);
    bool carrier = true, first = false;

    (void)state;
    assert_int_equal(linkwatch_link_ifindex(link), 2);
    assert_string_equal(linkwatch_link_ifname(link), "eth0");
    assert_int_equal(linkwatch_link_get_boolean(link, LINKWATCH_FIELD_CARRIER, &carrier), 0);
    assert_false(carrier);
    assert_int_equal(linkwatch_link_get_boolean(link, LINKWATCH_FIELD_SINCE_FIRST_DUMP, &first), 0);
    assert_true(first);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        int64_t number = -1;

        assert_int_equal(linkwatch_link_get_integer(link, numbers[i].field, &number), 0);
        assert_int_equal(number, numbers[i].value);
    }
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *text = NULL;

        assert_int_equal(linkwatch_link_get_string(link, texts[i].field, &text), 0);
        assert_string_equal(text, texts[i].value);
    }
    assert_null(linkwatch_link_unref(link));
}

static void a_field_of_another_type_or_number_has_no_value(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);
    const char *text = "kept";
    int64_t number = 99;
    bool truth = true;

    (void)state;
    assert_int_equal(linkwatch_link_get_integer(link, LINKWATCH_FIELD_MASTER, &number), -EINVAL);
    assert_int_equal(linkwatch_link_get_integer(link, LINKWATCH_FIELD_CARRIER, &number), -EINVAL);
    assert_int_equal(linkwatch_link_get_string(link, LINKWATCH_FIELD_MTU, &text), -EINVAL);
    assert_int_equal(linkwatch_link_get_string(link, LINKWATCH_FIELD_FLAGS, &text), -EINVAL);
    assert_int_equal(linkwatch_link_get_boolean(link, LINKWATCH_FIELD_MTU, &truth), -EINVAL);
    for (int field = -1; field < 100; field += field < 0 ? 65 : 1) {
        assert_int_equal(linkwatch_link_get_integer(link, field, &number), -ENODATA);
        assert_int_equal(linkwatch_link_get_string(link, field, &text), -ENODATA);
        assert_int_equal(linkwatch_link_get_boolean(link, field, &truth), -ENODATA);
    }
    assert_string_equal(text, "kept");
    assert_int_equal(number, 99);
    assert_true(truth);
    linkwatch_link_unref(link);
}

static void what_it_did_not_report_has_no_value(void **state)
{
    struct linkwatch_link *link = parse_link(nothing);
    bool carrier = true;

    (void)state;
    assert_int_equal(linkwatch_link_get_boolean(link, LINKWATCH_FIELD_CARRIER, &carrier), -ENODATA);
    assert_true(carrier);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        int64_t number = 99;

        assert_int_equal(linkwatch_link_get_integer(link, numbers[i].field, &number), -ENODATA);
        assert_int_equal(number, 99);
    }
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *text = "kept";

        assert_int_equal(linkwatch_link_get_string(link, texts[i].field, &text), -ENODATA);
        assert_string_equal(text, "kept");
    }
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP"), -ENODATA);
    assert_null(linkwatch_link_next_text(link, LINKWATCH_FIELD_FLAGS, NULL));
    assert_null(linkwatch_link_next_text(link, LINKWATCH_FIELD_ALTNAMES, NULL));
    linkwatch_link_unref(link);
}

static void lists_are_walked_in_their_order(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);
    const char *name = linkwatch_link_next_text(link, LINKWATCH_FIELD_ALTNAMES, NULL);
    const char *flag = linkwatch_link_next_text(link, LINKWATCH_FIELD_FLAGS, NULL);

    (void)state;
    assert_string_equal(name, "a");
    name = linkwatch_link_next_text(link, LINKWATCH_FIELD_ALTNAMES, name);
    assert_string_equal(name, "b");
    assert_null(linkwatch_link_next_text(link, LINKWATCH_FIELD_ALTNAMES, name));
    assert_string_equal(flag, "BROADCAST");
    assert_string_equal(linkwatch_link_next_text(link, LINKWATCH_FIELD_FLAGS, flag), "UP");
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP"), 1);
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "LOWER_UP"), 0);
    linkwatch_link_unref(link);
}

static int64_t flags_of(const char *flags)
{
    struct linkwatch_link *link;
    int64_t value = -1;
    char text[128];

    snprintf(text, sizeof(text), "{\"ifindex\":2,\"ifname\":\"x\",\"flags\":[%s]}", flags);
    link = parse_link(text);
    assert_int_equal(linkwatch_link_get_integer(link, LINKWATCH_FIELD_FLAGS, &value), 0);
    linkwatch_link_unref(link);
    return value;
}

static void the_integer_of_the_flags_is_the_kernels(void **state)
{
    (void)state;
    assert_int_equal(flags_of(""), 0);
    assert_int_equal(flags_of("\"BROADCAST\",\"MULTICAST\",\"UP\",\"LOWER_UP\""),
                     IFF_BROADCAST | IFF_MULTICAST | IFF_UP | IFF_LOWER_UP | IFF_RUNNING);
    assert_int_equal(flags_of("\"NO-CARRIER\",\"UP\",\"M-DOWN\""), IFF_UP);
    assert_int_equal(flags_of("\"NOARP\",\"fff80000\""), IFF_NOARP | INT64_C(0xfff80000));
    assert_int_equal(flags_of("\"\",\"123456789\",\"new\""), 0);
}

static void a_list_is_asked_for_by_its_field(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);

    (void)state;
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_ALTNAMES, "b"), 1);
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_ALTNAMES, "UP"), 0);
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_MASTER, "br0"), -EINVAL);
    assert_int_equal(linkwatch_link_has_text(link, FIELD_COUNT, "br0"), -ENODATA);
    assert_null(linkwatch_link_next_text(link, LINKWATCH_FIELD_MASTER, NULL));
    assert_null(linkwatch_link_next_text(link, LINKWATCH_FIELD_MTU, NULL));
    assert_null(linkwatch_link_next_text(link, FIELD_COUNT, NULL));
    assert_null(linkwatch_link_next_text(link, -1, NULL));
    linkwatch_link_unref(link);
}

static void an_empty_list_is_not_a_missing_one(void **state)
{
    struct linkwatch_link *link = parse_link("{\"ifindex\":2,\"ifname\":\"x\",\"flags\":[]}");

    (void)state;
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP"), 0);
    linkwatch_link_unref(link);
}

static void each_field_has_a_name_and_a_text(void **state)
{
    struct linkwatch_link *full = parse_link(link_with_everything);
    struct linkwatch_link *empty = parse_link(nothing);
    int field = 0;

    (void)state;
    for (const char *name; (name = linkwatch_field_name(field)); field++) {
        bool always = field == LINKWATCH_FIELD_IFINDEX || field == LINKWATCH_FIELD_IFNAME;
        char *text = NULL;

        assert_int_equal(linkwatch_field_from_name(name), field);
        assert_int_equal(linkwatch_link_format(full, field, &text), 0);
        assert_true(text[0]);
        free(text);
        text = NULL;
        assert_int_equal(linkwatch_link_format(empty, field, &text), always ? 0 : -ENODATA);
        free(text);
    }
    assert_int_equal(field, FIELD_COUNT);
    assert_null(linkwatch_field_name(-1));
    assert_int_equal(linkwatch_field_from_name("speed"), -ENOENT);
    linkwatch_link_unref(full);
    linkwatch_link_unref(empty);
}

static void check_format(const struct linkwatch_link *link, int field, const char *expected)
{
    char *text = NULL;

    assert_int_equal(linkwatch_link_format(link, field, &text), 0);
    assert_string_equal(text, expected);
    free(text);
}

static void texts_of_fields_are_for_people(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);
    char *text = NULL;

    (void)state;
    check_format(link, LINKWATCH_FIELD_CARRIER, "no");
    check_format(link, LINKWATCH_FIELD_MAX_MTU, "4294967295");
    check_format(link, LINKWATCH_FIELD_FLAGS, "BROADCAST,UP");
    check_format(link, LINKWATCH_FIELD_INFO_SLAVE_KIND, "bridge");
    assert_int_equal(linkwatch_link_format(link, -1, &text), -EINVAL);
    assert_int_equal(linkwatch_link_format(link, FIELD_COUNT, &text), -EINVAL);
    assert_null(text);
    linkwatch_link_unref(link);
}

/* Without one field, exactly that one differs. */
static void each_field_is_compared(void **state)
{
    struct linkwatch_link *full = parse_link(link_with_everything);
    json_t *json = json_loads(link_with_everything, 0, NULL);

    (void)state;
    for (int field = LINKWATCH_FIELD_ALTNAMES; field < FIELD_COUNT; field++) {
        linkwatch_fields bit = UINT64_C(1) << field & ~LINKWATCH_FIELDS_UNCOMPARED;
        json_t *without = json_deep_copy(json);
        struct linkwatch_link *link;

        if (json_object_del(without, linkwatch_field_name(field)) < 0)
            assert_int_equal(
                json_object_del(json_object_get(without, "linkinfo"), linkwatch_field_name(field)),
                0);
        assert_int_equal(link_from_json(without, &link), 0);
        assert_int_equal(linkwatch_link_compare(full, link), bit);
        assert_int_equal(linkwatch_link_compare(link, full), bit);
        assert_int_equal(linkwatch_link_compare(link, link), 0);
        linkwatch_link_unref(link);
        json_decref(without);
    }
    json_decref(json);
    linkwatch_link_unref(full);
}

static linkwatch_fields difference(const char *a, const char *b)
{
    struct linkwatch_link *link_a = parse_link(a);
    struct linkwatch_link *link_b = parse_link(b);
    linkwatch_fields fields = linkwatch_link_compare(link_a, link_b);

    linkwatch_link_unref(link_a);
    linkwatch_link_unref(link_b);
    return fields;
}

#define ID "{\"ifindex\":2,\"ifname\":\"x\","

static void lists_are_compared_to_their_ends(void **state)
{
    (void)state;
    assert_int_equal(difference(ID "\"flags\":[\"A\",\"B\"]}", ID "\"flags\":[\"A\"]}"),
                     LINKWATCH_FIELD_MASK(FLAGS));
    assert_int_equal(difference(ID "\"flags\":[\"A\"]}", ID "\"flags\":[\"A\",\"B\"]}"),
                     LINKWATCH_FIELD_MASK(FLAGS));
    assert_int_equal(difference(ID "\"flags\":[]}", ID "\"flags\":[\"\"]}"),
                     LINKWATCH_FIELD_MASK(FLAGS));
    assert_int_equal(difference(ID "\"flags\":[]}", "{\"ifindex\":2,\"ifname\":\"x\"}"),
                     LINKWATCH_FIELD_MASK(FLAGS));
}

static void order_and_unknown_fields_are_no_difference(void **state)
{
    (void)state;
    assert_int_equal(
        difference(ID "\"mtu\":1,\"new\":5}", "{\"mtu\":1,\"ifname\":\"x\",\"ifindex\":2}"), 0);
}

static void zero_is_not_nothing(void **state)
{
    (void)state;
    assert_int_equal(difference(ID "\"mtu\":0}", "{\"ifindex\":2,\"ifname\":\"x\"}"),
                     LINKWATCH_FIELD_MASK(MTU));
    assert_int_equal(difference(ID "\"ifalias\":\"\"}", "{\"ifindex\":2,\"ifname\":\"x\"}"),
                     LINKWATCH_FIELD_MASK(IFALIAS));
}

static void what_is_no_link_is_refused(void **state)
{
    static const char *const bad[] = {
        "5",
        "[]",
        "{}",
        "{\"ifindex\":1}",
        "{\"ifname\":\"x\"}",
        "{\"ifindex\":null,\"ifname\":\"x\"}",
        "{\"ifindex\":1,\"ifname\":\"\"}",
        "{\"ifindex\":0,\"ifname\":\"x\"}",
        "{\"ifindex\":2147483648,\"ifname\":\"x\"}",
        "{\"ifindex\":1.5,\"ifname\":\"x\"}",
        ID "\"mtu\":\"1\"}",
        ID "\"mtu\":1.0}",
        ID "\"carrier\":1}",
        ID "\"operstate\":5}",
        ID "\"flags\":\"UP\"}",
        ID "\"flags\":[null]}",
        ID "\"linkinfo\":[]}",
        ID "\"linkinfo\":{\"info_kind\":1}}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct linkwatch_link *link = NULL;

        assert_int_equal(read_link(bad[i], &link), -EBADMSG);
        assert_null(link);
    }
}

static void json_keeps_what_is_not_known_here(void **state)
{
    struct linkwatch_link *link =
        parse_link(ID "\"new\":{\"deep\":[1]},\"ifalias\":\"\\u00fc\\u001b\"}");

    (void)state;
    assert_string_equal(linkwatch_link_json(link),
                        ID "\"new\":{\"deep\":[1]},\"ifalias\":\"\\u00FC\\u001B\"}");
    linkwatch_link_unref(link);
}

static void names_are_the_bytes_that_they_have_in_the_kernel(void **state)
{
    struct linkwatch_link *link =
        parse_link("{\"ifindex\":2,\"ifname\":\"a\\ufffd\",\"ifname_bytes\":\"61ff\","
                   "\"altnames\":[\"x\",\"\\ufffd\"],\"altnames_bytes\":[\"78\",\"Fe\"],"
                   "\"master\":\"\\ufffd\",\"master_bytes\":\"fd\"}");
    struct linkwatch_link *other =
        parse_link("{\"ifindex\":2,\"ifname\":\"a\\ufffd\",\"ifname_bytes\":\"61fe\"}");
    const char *text = linkwatch_link_next_text(link, LINKWATCH_FIELD_ALTNAMES, NULL);

    (void)state;
    assert_string_equal(linkwatch_link_ifname(link), "a\xff");
    assert_string_equal(text, "x");
    assert_string_equal(linkwatch_link_next_text(link, LINKWATCH_FIELD_ALTNAMES, text), "\xfe");
    assert_int_equal(linkwatch_link_get_string(link, LINKWATCH_FIELD_MASTER, &text), 0);
    assert_string_equal(text, "\xfd");
    assert_true(linkwatch_link_compare(link, other) & LINKWATCH_FIELD_MASK(IFNAME));
    assert_true(linkwatch_link_matches(link, "a\\xff"));
    assert_false(linkwatch_link_matches(other, "a\\xff"));
    linkwatch_link_unref(link);
    linkwatch_link_unref(other);
}

static void bytes_that_are_none_are_refused(void **state)
{
    static const char *const wrong[] = {"\"6\"", "\"\"", "\"6g\"", "\"6100\"", "1", "[\"61\"]"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct linkwatch_link *link = NULL;
        char text[128];

        snprintf(text, sizeof(text), "{\"ifindex\":2,\"ifname\":\"a\",\"ifname_bytes\":%s}",
                 wrong[i]);
        assert_int_equal(read_link(text, &link), -EBADMSG);
        assert_null(link);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_kernel_reported_is_returned),
        cmocka_unit_test(a_field_of_another_type_or_number_has_no_value),
        cmocka_unit_test(what_it_did_not_report_has_no_value),
        cmocka_unit_test(lists_are_walked_in_their_order),
        cmocka_unit_test(the_integer_of_the_flags_is_the_kernels),
        cmocka_unit_test(a_list_is_asked_for_by_its_field),
        cmocka_unit_test(an_empty_list_is_not_a_missing_one),
        cmocka_unit_test(each_field_has_a_name_and_a_text),
        cmocka_unit_test(texts_of_fields_are_for_people),
        cmocka_unit_test(each_field_is_compared),
        cmocka_unit_test(lists_are_compared_to_their_ends),
        cmocka_unit_test(order_and_unknown_fields_are_no_difference),
        cmocka_unit_test(zero_is_not_nothing),
        cmocka_unit_test(what_is_no_link_is_refused),
        cmocka_unit_test(json_keeps_what_is_not_known_here),
        cmocka_unit_test(names_are_the_bytes_that_they_have_in_the_kernel),
        cmocka_unit_test(bytes_that_are_none_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
