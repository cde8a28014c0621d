/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* link: two states of it, and what other links contribute. */
#include "tests/unit/support.h"

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "tests/unit/captured.h"

#define BIT(field) LINK_FIELD_BIT(field)

static void compare_and_free(struct link *before, struct link *after, link_fields expected)
{
    assert_int_equal(link_compare(before, after), expected);
    assert_int_equal(link_compare(after, before), expected);
    link_unref(before);
    link_unref(after);
}

static void a_state_does_not_differ_from_itself(void **state)
{
    (void)state;
    compare_and_free(captured_link(CAPTURED_VETH_ALTNAMES_ALIAS),
                     captured_link(CAPTURED_VETH_ALTNAMES_ALIAS), 0);
}

static struct link *with_u32(int type, uint32_t value)
{
    struct nl_msg *message = named_message(5, "a");

    nla_put_u32(message, type, value);
    return parse(message);
}

static void each_number_differs_alone(void **state)
{
    static const struct {
        int type;
        link_fields field;
    } numbers[] = {
        {IFLA_MTU, BIT(MTU)},
        {IFLA_MIN_MTU, BIT(MIN_MTU)},
        {IFLA_MAX_MTU, BIT(MAX_MTU)},
        {IFLA_CARRIER_CHANGES, BIT(CARRIER_CHANGES)},
        {IFLA_CARRIER_UP_COUNT, BIT(CARRIER_UP_COUNT)},
        {IFLA_CARRIER_DOWN_COUNT, BIT(CARRIER_DOWN_COUNT)},
        {IFLA_MASTER, BIT(MASTER) | BIT(MASTER_IFINDEX)},
        {IFLA_LINK, BIT(LINK) | BIT(LINK_IFINDEX)},
        {IFLA_GROUP, BIT(GROUP)},
        {IFLA_TXQLEN, BIT(TXQLEN)},
        {IFLA_PROMISCUITY, BIT(PROMISCUITY)},
        {IFLA_NUM_TX_QUEUES, BIT(NUM_TX_QUEUES)},
        {IFLA_NUM_RX_QUEUES, BIT(NUM_RX_QUEUES)},
        {IFLA_LINK_NETNSID, BIT(LINK_NETNSID)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        compare_and_free(with_u32(numbers[i].type, 1), with_u32(numbers[i].type, 2),
                         numbers[i].field);
        compare_and_free(LINK(.ifindex = 5, .ifname = "a"), with_u32(numbers[i].type, 1),
                         numbers[i].field);
    }
}

static struct link *with_u8(int type, uint8_t value)
{
    struct nl_msg *message = named_message(5, "a");

    nla_put_u8(message, type, value);
    return parse(message);
}

static void each_state_differs_alone(void **state)
{
    (void)state;
    compare_and_free(with_u8(IFLA_OPERSTATE, 2), with_u8(IFLA_OPERSTATE, 6), BIT(OPERSTATE));
    compare_and_free(with_u8(IFLA_LINKMODE, 0), with_u8(IFLA_LINKMODE, 1), BIT(LINKMODE));
}

static struct link *with_carrier(unsigned flags, bool carrier)
{
    return LINK(.ifindex = 5, .ifname = "a", .flags = flags, .counted = true, .carrier = carrier);
}

static void a_carrier_differs_on_a_link_that_is_up(void **state)
{
    (void)state;
    compare_and_free(with_carrier(IFF_UP, false), with_carrier(IFF_UP, true), BIT(CARRIER));
    compare_and_free(with_carrier(0, false), with_carrier(0, true), 0);
    compare_and_free(with_carrier(0, true), with_carrier(IFF_UP, true), BIT(CARRIER) | BIT(FLAGS));
}

static struct link *with_bytes(int type, const char *bytes, int length)
{
    struct nl_msg *message = named_message(5, "a");

    nla_put(message, type, length, bytes);
    return parse(message);
}

static void each_address_differs_alone_by_bytes_or_by_length(void **state)
{
    static const struct {
        int type;
        link_fields field;
    } addresses[] = {
        {IFLA_ADDRESS, BIT(ADDRESS)},
        {IFLA_BROADCAST, BIT(BROADCAST)},
        {IFLA_PERM_ADDRESS, BIT(PERMADDR)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        int type = addresses[i].type;

        compare_and_free(with_bytes(type, "abcdef", 6), with_bytes(type, "abcdeg", 6),
                         addresses[i].field);
        compare_and_free(with_bytes(type, "abcd\0", 5), with_bytes(type, "abcd\0", 4),
                         addresses[i].field);
    }
}

static void each_text_differs_alone(void **state)
{
    static const struct {
        int type;
        link_fields field;
    } texts[] = {
        {IFLA_IFALIAS, BIT(IFALIAS)},
        {IFLA_QDISC, BIT(QDISC)},
        {IFLA_PARENT_DEV_NAME, BIT(PARENTDEV)},
        {IFLA_PARENT_DEV_BUS_NAME, BIT(PARENTBUS)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        compare_and_free(with_bytes(texts[i].type, "one", 4), with_bytes(texts[i].type, "two", 4),
                         texts[i].field);
        compare_and_free(LINK(.ifindex = 5, .ifname = "a"), with_bytes(texts[i].type, "one", 4),
                         texts[i].field);
    }
}

static void kind_and_kind_of_the_master_are_one_field(void **state)
{
    struct nl_msg *message = named_message(5, "a");
    struct nlattr *info = nla_nest_start(message, IFLA_LINKINFO);

    (void)state;
    nla_put_string(message, IFLA_INFO_KIND, "veth");
    nla_put_string(message, IFLA_INFO_SLAVE_KIND, "bond");
    nla_nest_end(message, info);
    compare_and_free(LINK(.ifindex = 5, .ifname = "a", .kind = "veth"), parse(message),
                     BIT(LINKINFO));
    compare_and_free(LINK(.ifindex = 5, .ifname = "a", .kind = "veth"),
                     LINK(.ifindex = 5, .ifname = "a", .kind = "dummy"), BIT(LINKINFO));
}

static void name_index_and_type_differ_alone(void **state)
{
    (void)state;
    compare_and_free(LINK(.ifindex = 5, .ifname = "a"), LINK(.ifindex = 5, .ifname = "b"),
                     BIT(IFNAME));
    compare_and_free(LINK(.ifindex = 5, .ifname = "a"), LINK(.ifindex = 6, .ifname = "a"),
                     BIT(IFINDEX));
    compare_and_free(LINK(.ifindex = 5, .ifname = "a"),
                     LINK(.ifindex = 5, .ifname = "a", .type = ARPHRD_NONE), BIT(LINK_TYPE));
}

static struct link *with_altnames(const char *first, const char *second)
{
    struct nl_msg *message = named_message(5, "a");
    struct nlattr *list = nla_nest_start(message, IFLA_PROP_LIST);

    nla_put_string(message, IFLA_ALT_IFNAME, first);
    if (second)
        nla_put_string(message, IFLA_ALT_IFNAME, second);
    nla_nest_end(message, list);
    return parse(message);
}

static void altnames_differ_by_name_number_and_order(void **state)
{
    (void)state;
    compare_and_free(with_altnames("x", NULL), with_altnames("y", NULL), BIT(ALTNAMES));
    compare_and_free(with_altnames("x", NULL), with_altnames("x", "y"), BIT(ALTNAMES));
    compare_and_free(with_altnames("x", "y"), with_altnames("y", "x"), BIT(ALTNAMES));
    compare_and_free(with_altnames("x", "y"), with_altnames("xy", NULL), BIT(ALTNAMES));
    compare_and_free(LINK(.ifindex = 5, .ifname = "a"), with_altnames("x", NULL), BIT(ALTNAMES));
    compare_and_free(with_altnames("x", "y"), with_altnames("x", "y"), 0);
}

static struct link *with_flags(unsigned flags)
{
    return LINK(.ifindex = 5, .ifname = "a", .flags = flags);
}

static void a_running_bit_counts_on_a_link_that_is_up(void **state)
{
    (void)state;
    compare_and_free(with_flags(IFF_UP), with_flags(IFF_UP | IFF_RUNNING), BIT(FLAGS));
    compare_and_free(with_flags(0), with_flags(IFF_RUNNING), 0);
    compare_and_free(with_flags(IFF_RUNNING), with_flags(IFF_UP | IFF_RUNNING), BIT(FLAGS));
}

static void fields_unknown_to_both_are_not_compared(void **state)
{
    struct link *a = with_flags(0), *b = with_flags(0);

    (void)state;
    a->mtu = 1;
    b->operstate = 1;
    compare_and_free(a, b, 0);
}

/* --- what other links contribute */

static void a_master_and_a_lower_link_lend_their_names(void **state)
{
    struct link *port = LINK(.ifindex = 5, .ifname = "a", .master = 9, .lower = 8);
    struct link *master = LINK(.ifindex = 9, .ifname = "br0");
    struct link *lower = LINK(.ifindex = 8, .ifname = "eth0", .flags = IFF_UP);

    (void)state;
    link_resolve(port, master, lower);
    assert_string_equal(port->master_name, "br0");
    assert_string_equal(port->link_name, "eth0");
    assert_false(port->link_down);
    link_resolve(port, NULL, NULL);
    assert_string_equal(port->master_name, "if9");
    assert_string_equal(port->link_name, "if8");
    link_unref(port);
    link_unref(master);
    link_unref(lower);
}

static void another_name_of_the_master_is_a_difference(void **state)
{
    struct link *before = LINK(.ifindex = 5, .ifname = "a", .master = 9);
    struct link *after = LINK(.ifindex = 5, .ifname = "a", .master = 9);
    struct link *master = LINK(.ifindex = 9, .ifname = "br0");

    (void)state;
    link_resolve(after, master, NULL);
    compare_and_free(before, after, BIT(MASTER));
    link_unref(master);
}

static void another_master_or_peer_of_the_same_name_differs_by_its_index(void **state)
{
    struct link *before = LINK(.ifindex = 5, .ifname = "a", .master = 9, .lower = 9);
    struct link *after = LINK(.ifindex = 5, .ifname = "a", .master = 10, .lower = 10);
    struct link *old = LINK(.ifindex = 9, .ifname = "b", .flags = IFF_UP);
    struct link *new = LINK(.ifindex = 10, .ifname = "b", .flags = IFF_UP);

    (void)state;
    link_resolve(before, old, old);
    link_resolve(after, new, new);
    compare_and_free(before, after, BIT(MASTER_IFINDEX) | BIT(LINK_IFINDEX));
    link_unref(old);
    link_unref(new);
}

static void a_shorter_name_leaves_nothing_of_the_longer_one(void **state)
{
    struct link *before = LINK(.ifindex = 5, .ifname = "a", .lower = 9);
    struct link *after = LINK(.ifindex = 5, .ifname = "a", .lower = 9);
    struct link *lower = LINK(.ifindex = 9, .ifname = "fifteen-letters", .flags = IFF_UP);

    (void)state;
    link_resolve(after, NULL, lower);
    link_resolve(after, NULL, NULL);
    compare_and_free(before, after, 0);
    link_unref(lower);
}

static void a_lower_link_that_is_not_up_shows_in_the_flags(void **state)
{
    struct link *before = LINK(.ifindex = 5, .ifname = "a", .lower = 9);
    struct link *after = LINK(.ifindex = 5, .ifname = "a", .lower = 9);
    struct link *up = LINK(.ifindex = 9, .ifname = "b", .flags = IFF_UP);
    struct link *down = LINK(.ifindex = 9, .ifname = "b");

    (void)state;
    link_resolve(before, NULL, up);
    link_resolve(after, NULL, down);
    assert_true(after->link_down);
    compare_and_free(before, after, BIT(FLAGS));
    link_unref(up);
    link_unref(down);
}

/* --- copies */

static void a_copy_stands_on_its_own(void **state)
{
    struct link *link = captured_link(CAPTURED_VETH_ALTNAMES_ALIAS);
    struct link *copy;

    (void)state;
    link->object.json = buffer_new(1);
    assert_non_null(link->object.json);
    copy = link_copy(link);
    assert_non_null(copy);
    assert_int_equal(copy->object.references, 1);
    assert_null(copy->object.json);
    assert_int_equal(link_compare(link, copy), 0);
    link_unref(link);
    assert_string_equal(copy->ifalias, "to the lab");
    assert_string_equal(copy->info_kind, "veth");
    assert_string_equal(link_next_altname(copy, link_next_altname(copy, NULL)), "lab");
    link_unref(copy);
}

static void a_link_lives_as_long_as_somebody_holds_it(void **state)
{
    struct link *link = LINK(.ifindex = 5, .ifname = "a");

    (void)state;
    assert_ptr_equal(link_ref(link), link);
    assert_null(link_unref(link));
    assert_string_equal(link->ifname, "a");
    assert_null(link_unref(link));
    assert_null(link_ref(NULL));
    assert_null(link_unref(NULL));
}

/* --- another link under the same index */

static void judge_and_free(struct link *before, struct link *after, bool another)
{
    assert_int_equal(link_is_another(before, after), another);
    link_unref(before);
    link_unref(after);
}

static void another_kind_is_another_link_unless_the_address_stayed(void **state)
{
    (void)state;
    judge_and_free(LINK(.ifindex = 5, .ifname = "a", .kind = "veth"),
                   LINK(.ifindex = 5, .ifname = "a", .kind = "dummy"), true);
    judge_and_free(LINK(.ifindex = 5, .ifname = "a", .kind = "veth", .mac = 1),
                   LINK(.ifindex = 5, .ifname = "a", .kind = "dummy", .mac = 2), true);
    judge_and_free(LINK(.ifindex = 5, .ifname = "a", .kind = "veth", .mac = 1),
                   LINK(.ifindex = 5, .ifname = "a", .kind = "dummy", .mac = 1), false);
}

static void another_type_alone_is_the_same_link(void **state)
{
    (void)state;
    judge_and_free(LINK(.ifindex = 5, .ifname = "a"),
                   LINK(.ifindex = 5, .ifname = "a", .type = ARPHRD_NONE), false);
    judge_and_free(
        LINK(.ifindex = 5, .ifname = "b", .kind = "bond", .mac = 1),
        LINK(.ifindex = 5, .ifname = "b", .kind = "bond", .mac = 2, .type = ARPHRD_INFINIBAND),
        false);
}

static void without_a_kind_name_and_address_together_make_another_link(void **state)
{
    (void)state;
    judge_and_free(LINK(.ifindex = 5, .ifname = "a", .mac = 1),
                   LINK(.ifindex = 5, .ifname = "b", .mac = 2), true);
    judge_and_free(LINK(.ifindex = 5, .ifname = "a", .mac = 1),
                   LINK(.ifindex = 5, .ifname = "b", .mac = 1), false);
    judge_and_free(LINK(.ifindex = 5, .ifname = "a", .mac = 1),
                   LINK(.ifindex = 5, .ifname = "a", .mac = 2), false);
    judge_and_free(LINK(.ifindex = 5, .ifname = "a"), LINK(.ifindex = 5, .ifname = "b", .mac = 2),
                   false);
}

static struct link *bonded(const char *name, uint8_t mac)
{
    struct nl_msg *message = named_message(5, name);

    nla_put(message, IFLA_ADDRESS, 6, (uint8_t[]){2, 0, 0, 0, 0, mac});
    nla_put(message, IFLA_PERM_ADDRESS, 6, (uint8_t[]){2, 0, 0, 0, 0, 1});
    return parse(message);
}

static void the_permanent_address_counts_for_more_than_the_present_one(void **state)
{
    (void)state;
    judge_and_free(bonded("eth0", 1), bonded("slow0", 2), false);
}

static void a_missing_kind_proves_nothing(void **state)
{
    (void)state;
    judge_and_free(LINK(.ifindex = 5, .ifname = "a", .kind = "veth"),
                   LINK(.ifindex = 5, .ifname = "a"), false);
    judge_and_free(LINK(.ifindex = 5, .ifname = "a"),
                   LINK(.ifindex = 5, .ifname = "a", .kind = "veth"), false);
}

static void carrier_counters_that_went_backwards_are_another_link(void **state)
{
    static const int counters[] = {IFLA_CARRIER_CHANGES, IFLA_CARRIER_UP_COUNT,
                                   IFLA_CARRIER_DOWN_COUNT};

    (void)state;
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        judge_and_free(with_u32(counters[i], 3), with_u32(counters[i], 2), true);
        judge_and_free(with_u32(counters[i], 3), with_u32(counters[i], 3), false);
        judge_and_free(with_u32(counters[i], 3), with_u32(counters[i], 4), false);
        judge_and_free(with_u32(counters[i], 3), LINK(.ifindex = 5, .ifname = "a"), false);
    }
}

static void a_new_name_or_address_is_the_same_link(void **state)
{
    (void)state;
    judge_and_free(LINK(.ifindex = 5, .ifname = "a"), LINK(.ifindex = 5, .ifname = "b"), false);
    judge_and_free(with_bytes(IFLA_ADDRESS, "abcdef", 6), with_bytes(IFLA_ADDRESS, "abcdeg", 6),
                   false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_does_not_differ_from_itself),
        cmocka_unit_test(each_number_differs_alone),
        cmocka_unit_test(each_state_differs_alone),
        cmocka_unit_test(a_carrier_differs_on_a_link_that_is_up),
        cmocka_unit_test(each_address_differs_alone_by_bytes_or_by_length),
        cmocka_unit_test(each_text_differs_alone),
        cmocka_unit_test(kind_and_kind_of_the_master_are_one_field),
        cmocka_unit_test(name_index_and_type_differ_alone),
        cmocka_unit_test(altnames_differ_by_name_number_and_order),
        cmocka_unit_test(a_running_bit_counts_on_a_link_that_is_up),
        cmocka_unit_test(fields_unknown_to_both_are_not_compared),
        cmocka_unit_test(a_master_and_a_lower_link_lend_their_names),
        cmocka_unit_test(another_name_of_the_master_is_a_difference),
        cmocka_unit_test(another_master_or_peer_of_the_same_name_differs_by_its_index),
        cmocka_unit_test(a_shorter_name_leaves_nothing_of_the_longer_one),
        cmocka_unit_test(a_lower_link_that_is_not_up_shows_in_the_flags),
        cmocka_unit_test(a_copy_stands_on_its_own),
        cmocka_unit_test(a_link_lives_as_long_as_somebody_holds_it),
        cmocka_unit_test(another_kind_is_another_link_unless_the_address_stayed),
        cmocka_unit_test(another_type_alone_is_the_same_link),
        cmocka_unit_test(without_a_kind_name_and_address_together_make_another_link),
        cmocka_unit_test(the_permanent_address_counts_for_more_than_the_present_one),
        cmocka_unit_test(a_missing_kind_proves_nothing),
        cmocka_unit_test(carrier_counters_that_went_backwards_are_another_link),
        cmocka_unit_test(a_new_name_or_address_is_the_same_link),
    };

    return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
