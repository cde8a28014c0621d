/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A link's fields: what the kernel said, what it didn't, and how they compare. */
#include <errno.h>
#include <linux/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "client/link_filter.h"
#include "client/link_object.h"
#include "tests/unit/unit_test.h"

/* Each field, with a value that is no other field's. */
static const char everything[] =
    "{\"ifindex\":2,\"ifname\":\"eth0\",\"altnames\":[\"a\",\"b\"],\"ifalias\":\"uplink\","
    "\"link_type\":\"ether\",\"flags\":[\"BROADCAST\",\"UP\"],\"operstate\":\"UP\","
    "\"linkmode\":\"DEFAULT\",\"carrier\":false,\"carrier_changes\":3,\"carrier_up_count\":4,"
    "\"carrier_down_count\":5,\"mtu\":6,\"min_mtu\":7,\"max_mtu\":4294967295,\"address\":\"aa:bb\","
    "\"broadcast\":\"ff:ff\",\"permaddr\":\"cc:dd\",\"master\":\"br0\",\"link\":\"peer\","
    "\"link_index\":8,\"link_netnsid\":0,\"group\":\"default\",\"txqlen\":10,\"qdisc\":\"noop\","
    "\"promiscuity\":11,\"num_tx_queues\":12,\"num_rx_queues\":13,\"parentbus\":\"pci\","
    "\"parentdev\":\"0000:00\",\"linkinfo\":{\"info_kind\":\"veth\",\"info_slave_kind\":\"bridge\"}"
    ",\"master_ifindex\":14,\"link_ifindex\":15,\"since_usec\":16,\"since_first_dump\":true,"
    "\"last_up_usec\":17,\"last_down_usec\":18}";

#define FIELD_COUNT (LINKWATCH_FIELD_LAST_DOWN_USEC + 1)

static const char nothing[] = "{\"ifindex\":2,\"ifname\":\"eth0\"}";

static int read_link(const char *text, struct linkwatch_link **ret)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    int r;

    assert_non_null(json);
    r = link_from_json(json, ret);
    json_decref(json);
    return r;
}

static struct linkwatch_link *parse(const char *text)
{
    struct linkwatch_link *link = NULL;

    assert_int_equal(read_link(text, &link), 0);
    return link;
}

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

static void what_was_said_is_given(void **state)
{
    struct linkwatch_link *link = parse(everything);
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
    struct linkwatch_link *link = parse(everything);
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

static void what_was_not_said_is_no_value(void **state)
{
    struct linkwatch_link *link = parse(nothing);
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
    struct linkwatch_link *link = parse(everything);
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
    link = parse(text);
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
    struct linkwatch_link *link = parse(everything);

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
    struct linkwatch_link *link = parse("{\"ifindex\":2,\"ifname\":\"x\",\"flags\":[]}");

    (void)state;
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP"), 0);
    linkwatch_link_unref(link);
}

static void each_field_has_a_name_and_a_text(void **state)
{
    struct linkwatch_link *full = parse(everything);
    struct linkwatch_link *empty = parse(nothing);
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
    struct linkwatch_link *link = parse(everything);
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
    struct linkwatch_link *full = parse(everything);
    json_t *json = json_loads(everything, 0, NULL);

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
    struct linkwatch_link *link_a = parse(a);
    struct linkwatch_link *link_b = parse(b);
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
        parse(ID "\"new\":{\"deep\":[1]},\"ifalias\":\"\\u00fc\\u001b\"}");

    (void)state;
    assert_string_equal(linkwatch_link_json(link),
                        ID "\"new\":{\"deep\":[1]},\"ifalias\":\"\\u00FC\\u001B\"}");
    linkwatch_link_unref(link);
}

static void globs_match_names_and_altnames(void **state)
{
    struct linkwatch_link *link = parse(everything);

    (void)state;
    assert_true(linkwatch_link_matches(link, "eth0"));
    assert_true(linkwatch_link_matches(link, "e*[0-3]"));
    assert_true(linkwatch_link_matches(link, "b"));
    assert_false(linkwatch_link_matches(link, "[!ab]"));
    assert_false(linkwatch_link_matches(link, ""));
    linkwatch_link_unref(link);
}

static void a_name_matches_the_link_that_is_called_exactly_so(void **state)
{
    struct linkwatch_link *link = parse("{\"ifindex\":2,\"ifname\":\"a[1]\"}");

    (void)state;
    assert_true(linkwatch_link_matches(link, "a[1]"));
    assert_true(linkwatch_link_matches(link, "a\\[1\\]"));
    assert_false(linkwatch_link_matches(link, "a1"));
    linkwatch_link_unref(link);
}

static void names_are_the_bytes_that_they_have_in_the_kernel(void **state)
{
    struct linkwatch_link *link =
        parse("{\"ifindex\":2,\"ifname\":\"a\\ufffd\",\"ifname_bytes\":\"61ff\","
              "\"altnames\":[\"x\",\"\\ufffd\"],\"altnames_bytes\":[\"78\",\"Fe\"],"
              "\"master\":\"\\ufffd\",\"master_bytes\":\"fd\"}");
    struct linkwatch_link *other =
        parse("{\"ifindex\":2,\"ifname\":\"a\\ufffd\",\"ifname_bytes\":\"61fe\"}");
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

static void a_filter_takes_names_that_are_no_utf8(void **state)
{
    struct linkwatch_link *link =
        parse("{\"ifindex\":2,\"ifname\":\"[a]\\ufffd\",\"ifname_bytes\":\"5b615dff\"}");
    struct linkwatch_filter *filter;
    json_t *json, *expected;

    (void)state;
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    assert_int_equal(linkwatch_filter_add_name(filter, "[a]\xff"), 0);
    json = filter_to_json(filter);
    expected = json_pack("{s:[s,s]}", "names", "[a]\\xff", "\\[a]\\xff");
    assert_true(json_equal(json, expected));
    assert_true(linkwatch_filter_matches(filter, link));
    json_decref(json);
    json_decref(expected);
    linkwatch_filter_free(filter);
    linkwatch_link_unref(link);
}

static void a_filter_with_no_entry_of_a_type_matches_nothing(void **state)
{
    struct linkwatch_link *link = parse(everything);

    (void)state;
    for (int type = LINKWATCH_FILTER_NAMES; type <= LINKWATCH_FILTER_SCOPES; type++) {
        bool is_of_links = type <= LINKWATCH_FILTER_KINDS;
        struct linkwatch_filter *filter, *copy;
        json_t *json;

        assert_int_equal(linkwatch_filter_new(&filter), 0);
        assert_int_equal(linkwatch_filter_restrict(filter, (enum linkwatch_filter_type)type), 0);
        assert_int_equal(linkwatch_filter_restrict(filter, (enum linkwatch_filter_type)type), 0);
        assert_int_equal(filter_copy(filter, &copy), 0);
        assert_int_equal(linkwatch_filter_matches(filter, link), !is_of_links);
        assert_int_equal(linkwatch_filter_matches(copy, link), !is_of_links);
        assert_false(filter_is_empty(copy));
        json = filter_to_json(copy);
        assert_int_equal(json_object_size(json), 1);
        assert_int_equal(json_array_size(json_object_iter_value(json_object_iter(json))), 0);
        json_decref(json);
        linkwatch_filter_free(copy);
        linkwatch_filter_free(filter);
    }
    linkwatch_link_unref(link);
}

static void a_type_that_was_restricted_takes_entries(void **state)
{
    struct linkwatch_link *link = parse(everything);
    struct linkwatch_filter *filter;
    json_t *json;

    (void)state;
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    assert_int_equal(linkwatch_filter_restrict(filter, (enum linkwatch_filter_type)5), -EINVAL);
    assert_int_equal(linkwatch_filter_add_index(filter, 0), -EINVAL);
    assert_true(filter_is_empty(filter));
    assert_int_equal(linkwatch_filter_restrict(filter, LINKWATCH_FILTER_NAMES), 0);
    assert_int_equal(linkwatch_filter_add_name(filter, "eth*"), 0);
    assert_int_equal(linkwatch_filter_restrict(filter, LINKWATCH_FILTER_NAMES), 0);
    assert_true(linkwatch_filter_matches(filter, link));
    json = filter_to_json(filter);
    assert_int_equal(json_array_size(json_object_get(json, "names")), 1);
    json_decref(json);
    linkwatch_filter_free(filter);
    linkwatch_link_unref(link);
}

static void a_filter_asks_for_each_of_its_sorts(void **state)
{
    struct linkwatch_link *link = parse(everything);
    struct linkwatch_filter *filter;

    (void)state;
    assert_true(linkwatch_filter_matches(NULL, link));
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    assert_true(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_name(filter, "lan*"), 0);
    assert_false(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_name(filter, "eth*"), 0);
    assert_true(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_kind(filter, "bridge"), 0);
    assert_false(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_kind(filter, "veth"), 0);
    assert_int_equal(linkwatch_filter_add_index(filter, 3), 0);
    assert_false(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_index(filter, 2), 0);
    assert_true(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_index(filter, 0), -EINVAL);
    assert_int_equal(linkwatch_filter_add_kind(filter, "\xff"), -EILSEQ);
    assert_null(linkwatch_filter_free(filter));
    linkwatch_link_unref(link);
}

/* On the wire an empty list passes nothing: it must not stand for a sort that wasn't added to. */
static void a_sort_without_entries_is_not_sent(void **state)
{
    struct linkwatch_link *link = parse(everything);
    struct linkwatch_filter *filter, *copy;
    json_t *json;

    (void)state;
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    json = filter_to_json(filter);
    assert_true(json_is_null(json));
    assert_int_equal(linkwatch_filter_add_kind(filter, "veth"), 0);
    assert_int_equal(filter_copy(filter, &copy), 0);
    for (int i = 0; i < 2; i++) {
        json_decref(json);
        json = filter_to_json(i ? copy : filter);
        assert_int_equal(json_object_size(json), 1);
        assert_int_equal(json_array_size(json_object_get(json, "kinds")), 1);
        assert_true(linkwatch_filter_matches(i ? copy : filter, link));
    }
    json_decref(json);
    linkwatch_filter_free(copy);
    linkwatch_filter_free(filter);
    linkwatch_link_unref(link);
}

static void a_condition_is_met_or_not_or_wrong_for_a_reason(void **state)
{
    struct linkwatch_link *link = parse(everything);
    const char *reason = NULL;

    (void)state;
    assert_int_equal(linkwatch_link_meets(link, "present", NULL), 1);
    assert_int_equal(linkwatch_link_meets(link, "absent", NULL), 0);
    assert_int_equal(linkwatch_link_meets(NULL, "absent", NULL), 1);
    assert_int_equal(linkwatch_link_meets(NULL, "present", NULL), 0);
    assert_int_equal(linkwatch_link_meets(link, "name=eth*", NULL), 1);
    assert_int_equal(linkwatch_link_meets(link, "renamed", &reason), 0);
    assert_int_equal(linkwatch_link_meets(link, "address", &reason), 0);
    assert_null(reason);
    assert_int_equal(linkwatch_link_meets(NULL, "mtu=4294967296", &reason), -EINVAL);
    assert_non_null(strstr(reason, "mtu= must be a number"));
    assert_int_equal(linkwatch_link_meets(link, "Present", &reason), -EINVAL);
    assert_non_null(strstr(reason, "is not a condition"));
    linkwatch_link_unref(link);
}

static void a_wait_needs_a_condition_and_options_that_are_known(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const up[] = {"up", NULL};
    struct {
        struct linkwatch_wait_options options;
        uint64_t later;
    } larger = {.options.size = sizeof(larger)};

    (void)state;
    assert_int_equal(linkwatch_wait("/nonexistent", "a", none, 0, NULL, NULL), -EINVAL);
    assert_int_equal(linkwatch_wait("/nonexistent", "a", up, 0, NULL, NULL), -ENOENT);
    assert_int_equal(linkwatch_wait("/nonexistent", "a", up, 0, &larger.options, NULL), -ENOENT);
    larger.later = 1;
    assert_int_equal(linkwatch_wait("/nonexistent", "a", up, 0, &larger.options, NULL), -EINVAL);
}

static void callbacks_that_are_not_known_must_be_none(void **state)
{
    struct {
        struct linkwatch_callbacks known;
        void (*later)(void);
    } callbacks = {.known.size = 0};
    struct linkwatch_mirror *mirror = NULL;

    (void)state;
    assert_int_equal(linkwatch_mirror_new("/x", NULL, &callbacks.known, NULL, &mirror), -EINVAL);
    callbacks.known.size = sizeof(callbacks);
    callbacks.later = abort;
    assert_int_equal(linkwatch_mirror_new("/x", NULL, &callbacks.known, NULL, &mirror), -EINVAL);
    assert_null(mirror);
    callbacks.later = NULL;
    assert_int_equal(linkwatch_mirror_new("/x", NULL, &callbacks.known, NULL, &mirror), 0);
    linkwatch_mirror_free(mirror);
}

/* So that a caller may clean up what it never got. */
static void nothing_can_be_freed(void **state)
{
    (void)state;
    assert_null(linkwatch_link_unref(NULL));
    assert_null(linkwatch_filter_free(NULL));
    assert_null(linkwatch_close(NULL));
    assert_null(linkwatch_list_free(NULL));
    assert_null(linkwatch_status_free(NULL));
    assert_null(linkwatch_mirror_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_is_given),
        cmocka_unit_test(a_field_of_another_type_or_number_has_no_value),
        cmocka_unit_test(what_was_not_said_is_no_value),
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
        cmocka_unit_test(globs_match_names_and_altnames),
        cmocka_unit_test(a_name_matches_the_link_that_is_called_exactly_so),
        cmocka_unit_test(names_are_the_bytes_that_they_have_in_the_kernel),
        cmocka_unit_test(bytes_that_are_none_are_refused),
        cmocka_unit_test(a_filter_takes_names_that_are_no_utf8),
        cmocka_unit_test(a_filter_with_no_entry_of_a_type_matches_nothing),
        cmocka_unit_test(a_type_that_was_restricted_takes_entries),
        cmocka_unit_test(a_filter_asks_for_each_of_its_sorts),
        cmocka_unit_test(a_sort_without_entries_is_not_sent),
        cmocka_unit_test(a_condition_is_met_or_not_or_wrong_for_a_reason),
        cmocka_unit_test(a_wait_needs_a_condition_and_options_that_are_known),
        cmocka_unit_test(callbacks_that_are_not_known_must_be_none),
        cmocka_unit_test(nothing_can_be_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
