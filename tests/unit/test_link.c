/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* link: what is read from a message. */
#include "tests/unit/support.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "tests/unit/captured.h"

#define BIT(field) LINK_FIELD_BIT(field)

static const link_fields always = BIT(IFINDEX) | BIT(IFNAME) | BIT(LINK_TYPE) | BIT(FLAGS);

/* What Linux says of each link; of one that is up, its carrier too. */
static const link_fields native =
    BIT(IFINDEX) | BIT(IFNAME) | BIT(LINK_TYPE) | BIT(FLAGS) | BIT(OPERSTATE) | BIT(LINKMODE) |
    BIT(CARRIER_CHANGES) | BIT(CARRIER_UP_COUNT) | BIT(CARRIER_DOWN_COUNT) | BIT(MTU) |
    BIT(MIN_MTU) | BIT(MAX_MTU) | BIT(GROUP) | BIT(TXQLEN) | BIT(QDISC) | BIT(PROMISCUITY) |
    BIT(NUM_TX_QUEUES) | BIT(NUM_RX_QUEUES);

static void assert_address(const struct link_address *address, const void *bytes, size_t length)
{
    assert_int_equal(address->length, length);
    assert_memory_equal(address->bytes, bytes, length);
}

/* --- what kernels say */

static void a_bridge_port_is_read_whole(void **state)
{
    struct link *link = captured_link(CAPTURED_VETH_BRIDGE_PORT);

    (void)state;
    assert_int_equal(link->known, native | BIT(CARRIER) | BIT(ADDRESS) | BIT(BROADCAST) |
                                      BIT(MASTER) | BIT(MASTER_IFINDEX) | BIT(LINK) |
                                      BIT(LINK_IFINDEX) | BIT(LINKINFO));
    assert_int_equal(link->object.references, 1);
    assert_int_equal(link->ifindex, 20);
    assert_string_equal(link->ifname, "va");
    assert_int_equal(link->type, ARPHRD_ETHER);
    assert_int_equal(link->flags, 0x11043);
    assert_int_equal(link->operstate, 6);
    assert_int_equal(link->linkmode, 0);
    assert_true(link->carrier);
    assert_int_equal(link->carrier_changes, 2);
    assert_int_equal(link->carrier_up_count, 1);
    assert_int_equal(link->carrier_down_count, 1);
    assert_int_equal(link->mtu, 1500);
    assert_int_equal(link->min_mtu, 68);
    assert_int_equal(link->max_mtu, 65535);
    assert_int_equal(link->address.length, 6);
    assert_address(&link->broadcast, "\xff\xff\xff\xff\xff\xff", 6);
    assert_int_equal(link->master, 30);
    assert_int_equal(link->link_index, 21);
    assert_int_equal(link->group, 0);
    assert_int_equal(link->txqlen, 1000);
    assert_string_equal(link->qdisc, "noqueue");
    assert_int_equal(link->promiscuity, 1);
    assert_int_equal(link->num_tx_queues, 2);
    assert_int_equal(link->num_rx_queues, 2);
    assert_string_equal(link->info_kind, "veth");
    assert_string_equal(link->info_slave_kind, "bridge");
    link_unref(link);
}

static void others_have_numbers_for_names_until_they_are_known(void **state)
{
    struct link *link = captured_link(CAPTURED_VETH_BRIDGE_PORT);

    (void)state;
    assert_string_equal(link->master_name, "if30");
    assert_string_equal(link->link_name, "if21");
    assert_false(link->link_down);
    link_unref(link);
}

static void altnames_and_alias_are_read_in_the_kernels_order(void **state)
{
    struct link *link = captured_link(CAPTURED_VETH_ALTNAMES_ALIAS);
    const char *altname;

    (void)state;
    assert_true((link->known & (BIT(ALTNAMES) | BIT(IFALIAS))) == (BIT(ALTNAMES) | BIT(IFALIAS)));
    assert_int_equal(link->altname_count, 2);
    altname = link_next_altname(link, NULL);
    assert_string_equal(altname, "uplink-port-of-the-laboratory");
    altname = link_next_altname(link, altname);
    assert_string_equal(altname, "lab");
    assert_null(link_next_altname(link, altname));
    assert_string_equal(link->ifalias, "to the lab");
    assert_int_equal(link->group, 5);
    assert_address(&link->address, "\x02\x00\x00\x00\x00\x21", 6);
    link_unref(link);
}

static void a_peer_in_another_namespace_is_an_index_and_a_number(void **state)
{
    struct link *link = captured_link(CAPTURED_VETH_PEER_ELSEWHERE);

    (void)state;
    assert_true(link->known & BIT(LINK_INDEX));
    assert_true(link->known & BIT(LINK_NETNSID));
    assert_false(link->known & BIT(LINK));
    assert_int_equal(link->link_index, 23);
    assert_int_equal(link->link_netnsid, 0);
    assert_false(link->carrier);
    link_unref(link);
}

static void a_tun_device_has_no_address(void **state)
{
    struct link *link = captured_link(CAPTURED_TUN);

    (void)state;
    assert_int_equal(link->known, native | BIT(LINKINFO));
    assert_int_equal(link->type, ARPHRD_NONE);
    assert_string_equal(link->info_kind, "tun");
    assert_null(link->info_slave_kind);
    link_unref(link);
}

static void a_bridge_and_a_vxlan_are_read(void **state)
{
    struct link *bridge = captured_link(CAPTURED_BRIDGE);
    struct link *vxlan = captured_link(CAPTURED_VXLAN);

    (void)state;
    assert_string_equal(bridge->info_kind, "bridge");
    assert_int_equal(bridge->known,
                     native | BIT(CARRIER) | BIT(ADDRESS) | BIT(BROADCAST) | BIT(LINKINFO));
    assert_string_equal(vxlan->info_kind, "vxlan");
    assert_int_equal(vxlan->known, bridge->known & ~BIT(CARRIER));
    link_unref(bridge);
    link_unref(vxlan);
}

static void a_notification_is_read_like_a_line_of_a_dump(void **state)
{
    struct link *notified = captured_link(CAPTURED_MACVLAN_NOTIFIED);
    struct link *gone = captured_link(CAPTURED_MACVLAN_GONE);

    (void)state;
    assert_int_equal(notified->known, native | BIT(ADDRESS) | BIT(BROADCAST) | BIT(LINK) |
                                          BIT(LINK_IFINDEX) | BIT(LINKINFO));
    assert_int_equal(notified->link_index, 21);
    assert_int_equal(gone->ifindex, notified->ifindex);
    assert_string_equal(gone->ifname, "mv0");
    link_unref(notified);
    link_unref(gone);
}

static void a_sparse_message_makes_a_link_that_knows_little(void **state)
{
    /* As gVisor's kernel answers. */
    struct nl_msg *message = new_message(2, ARPHRD_ETHER, IFF_UP | IFF_RUNNING | 0x10000);
    struct link *link;

    (void)state;
    nla_put_string(message, IFLA_IFNAME, "eth0");
    nla_put_u32(message, IFLA_MTU, 1500);
    nla_put(message, IFLA_ADDRESS, 6, "\x02\0\0\0\0\x01");
    nla_put(message, IFLA_BROADCAST, 6, "\xff\xff\xff\xff\xff\xff");
    link = parse(message);
    assert_int_equal(link->known, always | BIT(MTU) | BIT(ADDRESS) | BIT(BROADCAST));
    assert_null(link->info_kind);
    assert_null(link->qdisc);
    assert_null(link_next_altname(link, NULL));
    link_unref(link);
}

/* --- what is said in a special way */

static void no_master_and_no_lower_link_are_not_known(void **state)
{
    struct nl_msg *message = named_message(3, "a");
    struct link *link;

    (void)state;
    nla_put_u32(message, IFLA_MASTER, 0);
    nla_put_u32(message, IFLA_LINK, 0);
    link = parse(message);
    assert_int_equal(link->known, always);
    link_unref(link);
}

static void a_permanent_address_counts_where_it_differs(void **state)
{
    struct nl_msg *same = named_message(3, "a"), *other = named_message(3, "a");
    struct link *link;

    (void)state;
    nla_put(same, IFLA_ADDRESS, 6, "\x02\0\0\0\0\x01");
    nla_put(same, IFLA_PERM_ADDRESS, 6, "\x02\0\0\0\0\x01");
    link = parse(same);
    assert_int_equal(link->known, always | BIT(ADDRESS));
    link_unref(link);

    nla_put(other, IFLA_ADDRESS, 6, "\x02\0\0\0\0\x01");
    nla_put(other, IFLA_PERM_ADDRESS, 6, "\x02\0\0\0\0\x02");
    link = parse(other);
    assert_int_equal(link->known, always | BIT(ADDRESS) | BIT(PERMADDR));
    link_unref(link);
}

static void an_operstate_that_nobody_knows_is_left_out(void **state)
{
    struct nl_msg *message = named_message(3, "a");
    struct link *link;

    (void)state;
    nla_put_u8(message, IFLA_OPERSTATE, 7);
    nla_put_u8(message, IFLA_LINKMODE, 2);
    link = parse(message);
    assert_int_equal(link->known, always);
    link_unref(link);
}

static void text_without_its_nul_ends_with_the_attribute(void **state)
{
    struct nl_msg *message = new_message(3, ARPHRD_ETHER, 0);
    struct link *link;

    (void)state;
    nla_put(message, IFLA_IFNAME, 3, "abc");
    nla_put(message, IFLA_IFALIAS, 4, "wxyz");
    nla_put(message, IFLA_QDISC, 2, "qq");
    link = parse(message);
    assert_string_equal(link->ifname, "abc");
    assert_string_equal(link->ifalias, "wxyz");
    assert_string_equal(link->qdisc, "qq");
    link_unref(link);
}

static void unknown_attributes_are_passed_over(void **state)
{
    struct nl_msg *message = named_message(3, "a");
    struct nlattr *nested;
    struct link *link;

    (void)state;
    nla_put(message, IFLA_MAX + 1, 5, "hello");
    nla_put(message, 0x3fff, 0, NULL);
    nested = nla_nest_start(message, IFLA_PROP_LIST);
    nla_put_string(message, 900, "no altname");
    nla_put_string(message, IFLA_ALT_IFNAME, "one");
    nla_nest_end(message, nested);
    link = parse(message);
    assert_int_equal(link->known, always | BIT(ALTNAMES));
    assert_int_equal(link->altname_count, 1);
    link_unref(link);
}

static void each_parent_name_has_its_field(void **state)
{
    struct nl_msg *message = named_message(3, "a");
    struct link *link;

    (void)state;
    nla_put_string(message, IFLA_PARENT_DEV_NAME, "0000:00:03.0");
    nla_put_string(message, IFLA_PARENT_DEV_BUS_NAME, "pci");
    link = parse(message);
    assert_int_equal(link->known, always | BIT(PARENTDEV) | BIT(PARENTBUS));
    assert_string_equal(link->parentdev, "0000:00:03.0");
    assert_string_equal(link->parentbus, "pci");
    link_unref(link);
}

/* --- what no kernel should say */

/* Cuts a message short, in memory that ends there: reading on is a crash under
 * AddressSanitizer. */
static void cut_at(const struct nlmsghdr *whole, size_t length, const struct link *reference)
{
    struct nlmsghdr *message = malloc(length);
    struct link *link = NULL;
    int r;

    assert_non_null(message);
    memcpy(message, whole, length);
    message->nlmsg_len = (uint32_t)length;
    r = link_parse(message, &link);
    free(message);
    if (r < 0) {
        assert_int_equal(r, -EBADMSG);
        assert_null(link);
        return;
    }
    assert_int_equal(link->ifindex, reference->ifindex);
    assert_string_equal(link->ifname, reference->ifname);
    assert_int_equal(link->known & ~(reference->known | BIT(LINK)), 0);
    link_unref(link);
}

static void a_message_cut_anywhere_is_refused_or_sane(void **state)
{
    static const char *const messages[] = {CAPTURED_VETH_BRIDGE_PORT, CAPTURED_VETH_ALTNAMES_ALIAS,
                                           CAPTURED_VETH_PEER_ELSEWHERE, CAPTURED_MACVLAN_NOTIFIED,
                                           CAPTURED_MACVLAN_GONE};

    (void)state;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct nlmsghdr *whole = captured_message(messages[i]);
        struct link *reference = captured_link(messages[i]);

        for (size_t length = sizeof(*whole); length < whole->nlmsg_len; length++)
            cut_at(whole, length, reference);
        link_unref(reference);
        free(whole);
    }
}

static void random_damage_never_harms(void **state)
{
    struct dice dice = {.state = 1};
    struct nlmsghdr *whole = captured_message(CAPTURED_VETH_ALTNAMES_ALIAS);
    unsigned length = whole->nlmsg_len;
    struct nlmsghdr *message = malloc(length);
    size_t sane = 0;

    (void)state;
    assert_non_null(message);
    for (int i = 0; i < 20000; i++) {
        struct link *link = NULL;

        memcpy(message, whole, length);
        for (unsigned hits = 1 + roll(&dice, 4); hits > 0; hits--)
            ((unsigned char *)message)[16 + roll(&dice, length - 16)] =
                (unsigned char)roll(&dice, 256);
        if (link_parse(message, &link) == 0) {
            assert_int_in_range(strlen(link->ifname), 1, IF_NAMESIZE - 1);
            sane++;
        } else {
            assert_null(link);
        }
        link_unref(link);
    }
    assert_int_in_range(sane, 1, 19999);
    free(message);
    free(whole);
}

static void an_index_below_one_is_refused(void **state)
{
    (void)state;
    assert_int_equal(parse_result(named_message(0, "a")), -EBADMSG);
    assert_int_equal(parse_result(named_message(-1, "a")), -EBADMSG);
}

static void a_name_must_be_there_and_fit(void **state)
{
    (void)state;
    assert_int_equal(parse_result(new_message(3, ARPHRD_ETHER, 0)), -EBADMSG);
    assert_int_equal(parse_result(named_message(3, "")), -EBADMSG);
    assert_int_equal(parse_result(named_message(3, "fifteen-letters")), 0);
    assert_int_equal(parse_result(named_message(3, "sixteen--letters")), -EBADMSG);
}

static void an_attribute_of_another_size_costs_itself_alone(void **state)
{
    static const struct {
        int type;
        int size;
    } wrong[] = {
        {IFLA_MTU, 2},
        {IFLA_MTU, 8},
        {IFLA_OPERSTATE, 4},
        {IFLA_CARRIER, 0},
        {IFLA_CARRIER_CHANGES, 1},
        {IFLA_MASTER, 3},
        {IFLA_LINK, 5},
        {IFLA_LINK_NETNSID, 1},
        {IFLA_TXQLEN, 0},
        {IFLA_LINKMODE, 2},
        {IFLA_GROUP, 6},
        {IFLA_NUM_RX_QUEUES, 1},
    };
    static const char zeros[8];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct nl_msg *message = named_message(3, "a");
        struct link *link;

        nla_put(message, wrong[i].type, wrong[i].size, zeros);
        nla_put_u32(message, IFLA_PROMISCUITY, 1);
        link = parse(message);
        assert_int_equal(link->known, always | BIT(PROMISCUITY));
        link_unref(link);
    }
}

static void a_lower_link_whose_namespace_cannot_be_read_is_not_one_of_this_namespace(void **state)
{
    struct nl_msg *message = named_message(3, "a");
    struct link *link;

    (void)state;
    nla_put_u32(message, IFLA_LINK, 4);
    nla_put(message, IFLA_LINK_NETNSID, 1, "");
    link = parse(message);
    assert_int_equal(link->known, always);
    link_unref(link);
}

static void an_address_may_have_32_bytes_and_no_more(void **state)
{
    static const char bytes[LINK_ADDRESS_MAX + 1] = "0123456789abcdef0123456789abcdef";
    struct nl_msg *longest = named_message(3, "a"), *too_long = named_message(3, "a");
    struct link *link;

    (void)state;
    nla_put(longest, IFLA_ADDRESS, LINK_ADDRESS_MAX, bytes);
    link = parse(longest);
    assert_address(&link->address, bytes, LINK_ADDRESS_MAX);
    link_unref(link);
    nla_put(too_long, IFLA_ADDRESS, LINK_ADDRESS_MAX + 1, bytes);
    link = parse(too_long);
    assert_int_equal(link->known, always);
    link_unref(link);
}

static void an_empty_address_is_none(void **state)
{
    struct nl_msg *message = named_message(3, "a");
    struct link *link;

    (void)state;
    nla_put(message, IFLA_ADDRESS, 0, NULL);
    link = parse(message);
    assert_int_equal(link->known, always);
    link_unref(link);
}

static void an_index_with_nothing_behind_it_is_no_link(void **state)
{
    struct nl_msg *message = new_message(3, 0, 0);

    (void)state;
    nla_put_string(message, IFLA_IFNAME, "");
    nla_put_u32(message, IFLA_MTU, 0);
    assert_int_equal(parse_result(message), -ENOENT);
    /* What has a type or flags and no name is malformed. */
    message = new_message(3, ARPHRD_ETHER, 0);
    nla_put_string(message, IFLA_IFNAME, "");
    assert_int_equal(parse_result(message), -EBADMSG);
}

static void where_a_link_went_is_read_as_far_as_it_is_said(void **state)
{
    struct nl_msg *message = named_message(3, "a");
    struct link *link;

    (void)state;
    nla_put_s32(message, IFLA_NEW_NETNSID, 0);
    nla_put_s32(message, IFLA_NEW_IFINDEX, 7);
    link = parse(message);
    assert_true(link->moved_to.has_netnsid);
    assert_int_equal(link->moved_to.netnsid, 0);
    assert_int_equal(link->moved_to.ifindex, 7);
    assert_int_equal(link->known, always);
    link_unref(link);
    message = named_message(3, "a");
    nla_put_s32(message, IFLA_NEW_NETNSID, -1);
    link = parse(message);
    assert_false(link->moved_to.has_netnsid);
    assert_int_equal(link->moved_to.ifindex, 0);
    link_unref(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bridge_port_is_read_whole),
        cmocka_unit_test(others_have_numbers_for_names_until_they_are_known),
        cmocka_unit_test(altnames_and_alias_are_read_in_the_kernels_order),
        cmocka_unit_test(a_peer_in_another_namespace_is_an_index_and_a_number),
        cmocka_unit_test(a_tun_device_has_no_address),
        cmocka_unit_test(a_bridge_and_a_vxlan_are_read),
        cmocka_unit_test(a_notification_is_read_like_a_line_of_a_dump),
        cmocka_unit_test(a_sparse_message_makes_a_link_that_knows_little),
        cmocka_unit_test(no_master_and_no_lower_link_are_not_known),
        cmocka_unit_test(a_permanent_address_counts_where_it_differs),
        cmocka_unit_test(an_operstate_that_nobody_knows_is_left_out),
        cmocka_unit_test(text_without_its_nul_ends_with_the_attribute),
        cmocka_unit_test(unknown_attributes_are_passed_over),
        cmocka_unit_test(each_parent_name_has_its_field),
        cmocka_unit_test(a_message_cut_anywhere_is_refused_or_sane),
        cmocka_unit_test(random_damage_never_harms),
        cmocka_unit_test(an_index_below_one_is_refused),
        cmocka_unit_test(a_name_must_be_there_and_fit),
        cmocka_unit_test(an_attribute_of_another_size_costs_itself_alone),
        cmocka_unit_test(a_lower_link_whose_namespace_cannot_be_read_is_not_one_of_this_namespace),
        cmocka_unit_test(an_address_may_have_32_bytes_and_no_more),
        cmocka_unit_test(an_empty_address_is_none),
        cmocka_unit_test(an_index_with_nothing_behind_it_is_no_link),
        cmocka_unit_test(where_a_link_went_is_read_as_far_as_it_is_said),
    };

    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
