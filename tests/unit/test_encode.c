/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* encode: a link as "ip -json -details link" prints it. */
#include "tests/unit/support.h"

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "daemon/encode.h"
#include "tests/unit/captured.h"

#define FIELD(link, id) field_text(link, LINK_FIELD_##id)

/* The JSON text of a field, valid until the next call. */
static const char *field_text(const struct link *link, enum link_field field)
{
    static char text[1024];
    struct writer writer;
    json_t *fields;
    char *dumped;

    writer_init(&writer);
    encode_fields(&writer, link, UINT64_C(1) << field);
    fields = json_loadb(writer.data, writer.length, 0, NULL);
    assert_non_null(fields);
    dumped = json_dumps(json_object_get(fields, field_name(SUBJECT_LINKS, field)),
                        JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(dumped);
    assert_int_in_range(strlen(dumped), 1, sizeof(text) - 1);
    strcpy(text, dumped);
    free(dumped);
    json_decref(fields);
    writer_clear(&writer);
    return text;
}

static struct buffer *text_of(const struct link *link)
{
    struct buffer *buffer = NULL;
    struct writer writer;

    writer_init(&writer);
    encode_link(&writer, link);
    assert_int_equal(writer_to_buffer(&writer, &buffer), 0);
    return buffer;
}

static void assert_encoded(const struct link *link, const char *expected)
{
    struct buffer *buffer = NULL;

    buffer = text_of(link);
    assert_int_equal(buffer->length, strlen(expected));
    assert_memory_equal(buffer->data, expected, buffer->length);
    buffer_unref(buffer);
}

/* --- whole links: the values are those that ip printed of the links captured */

static void a_bridge_port_is_encoded_as_ip_prints_it(void **state)
{
    struct link *link = captured_link(CAPTURED_VETH_BRIDGE_PORT);
    struct link *bridge = captured_link(CAPTURED_BRIDGE);
    struct link *peer = captured_link(CAPTURED_VETH_ALTNAMES_ALIAS);

    (void)state;
    link_resolve(link, bridge, peer);
    assert_encoded(
        link, "{\"ifindex\":20,\"ifname\":\"va\",\"link_type\":\"ether\","
              "\"flags\":[\"BROADCAST\",\"MULTICAST\",\"UP\",\"LOWER_UP\"],\"operstate\":\"UP\","
              "\"linkmode\":\"DEFAULT\",\"carrier\":true,\"carrier_changes\":2,"
              "\"carrier_up_count\":1,\"carrier_down_count\":1,\"mtu\":1500,\"min_mtu\":68,"
              "\"max_mtu\":65535,\"address\":\"d6:0d:ec:aa:ac:f1\","
              "\"broadcast\":\"ff:ff:ff:ff:ff:ff\",\"master\":\"br0\",\"link\":\"vb\","
              "\"group\":\"default\",\"txqlen\":1000,\"qdisc\":\"noqueue\",\"promiscuity\":1,"
              "\"num_tx_queues\":2,\"num_rx_queues\":2,"
              "\"linkinfo\":{\"info_kind\":\"veth\",\"info_slave_kind\":\"bridge\"},"
              "\"master_ifindex\":30,\"link_ifindex\":21}");
    link_unref(link);
    link_unref(bridge);
    link_unref(peer);
}

static void a_veth_whose_peer_is_elsewhere_is_encoded_as_ip_prints_it(void **state)
{
    struct link *link = captured_link(CAPTURED_VETH_PEER_ELSEWHERE);

    (void)state;
    assert_encoded(
        link, "{\"ifindex\":22,\"ifname\":\"vx\",\"link_type\":\"ether\","
              "\"flags\":[\"BROADCAST\",\"MULTICAST\"],\"operstate\":\"DOWN\","
              "\"linkmode\":\"DEFAULT\",\"carrier_changes\":1,"
              "\"carrier_up_count\":0,\"carrier_down_count\":1,\"mtu\":1500,\"min_mtu\":68,"
              "\"max_mtu\":65535,\"address\":\"02:00:00:00:00:22\","
              "\"broadcast\":\"ff:ff:ff:ff:ff:ff\",\"link_index\":23,\"link_netnsid\":0,"
              "\"group\":\"default\",\"txqlen\":1000,\"qdisc\":\"noop\",\"promiscuity\":0,"
              "\"num_tx_queues\":2,\"num_rx_queues\":2,\"linkinfo\":{\"info_kind\":\"veth\"}}");
    link_unref(link);
}

static void altnames_alias_and_group_are_encoded_as_ip_prints_them(void **state)
{
    struct link *link = captured_link(CAPTURED_VETH_ALTNAMES_ALIAS);

    (void)state;
    assert_string_equal(FIELD(link, ALTNAMES), "[\"uplink-port-of-the-laboratory\",\"lab\"]");
    assert_string_equal(FIELD(link, IFALIAS), "\"to the lab\"");
    assert_string_equal(FIELD(link, GROUP), "\"5\"");
    link_unref(link);
}

static void a_tun_device_is_encoded_as_ip_prints_it(void **state)
{
    struct link *link = captured_link(CAPTURED_TUN);

    (void)state;
    assert_encoded(link, "{\"ifindex\":2,\"ifname\":\"tun0\",\"link_type\":\"none\","
                         "\"flags\":[\"POINTOPOINT\",\"MULTICAST\",\"NOARP\"],"
                         "\"operstate\":\"DOWN\",\"linkmode\":\"DEFAULT\","
                         "\"carrier_changes\":1,\"carrier_up_count\":0,\"carrier_down_count\":1,"
                         "\"mtu\":1500,\"min_mtu\":68,\"max_mtu\":65535,\"group\":\"default\","
                         "\"txqlen\":500,\"qdisc\":\"noop\",\"promiscuity\":0,"
                         "\"num_tx_queues\":1,\"num_rx_queues\":1,"
                         "\"linkinfo\":{\"info_kind\":\"tun\"}}");
    link_unref(link);
}

static void what_the_kernel_did_not_say_is_left_out(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "eth0");

    (void)state;
    assert_encoded(link,
                   "{\"ifindex\":2,\"ifname\":\"eth0\",\"link_type\":\"ether\",\"flags\":[]}");
    link_unref(link);
}

static void a_value_of_0_is_not_left_out(void **state)
{
    struct nl_msg *message = named_message(2, "a");
    struct link *link;

    (void)state;
    nla_put_u32(message, IFLA_TXQLEN, 0);
    nla_put_u32(message, IFLA_CARRIER_CHANGES, 0);
    link = parse(message);
    assert_encoded(link, "{\"ifindex\":2,\"ifname\":\"a\",\"link_type\":\"ether\",\"flags\":[],"
                         "\"carrier_changes\":0,\"txqlen\":0}");
    link_unref(link);
}

static void a_link_that_is_up_has_a_carrier(void **state)
{
    struct link *up = LINK(.ifindex = 2, .ifname = "a", .flags = IFF_UP, .counted = true);
    struct link *down = LINK(.ifindex = 2, .ifname = "a", .counted = true, .carrier = true);

    (void)state;
    assert_string_equal(FIELD(up, CARRIER), "false");
    assert_string_equal(FIELD(down, CARRIER), "null");
    link_unref(up);
    link_unref(down);
}

/* --- fields */

static void flags_stand_in_the_order_of_ip(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "a", .flags = ~0U);

    (void)state;
    link->link_down = true;
    assert_string_equal(FIELD(link, FLAGS),
                        "[\"LOOPBACK\",\"BROADCAST\",\"POINTOPOINT\",\"MULTICAST\",\"NOARP\","
                        "\"ALLMULTI\",\"PROMISC\",\"MASTER\",\"SLAVE\",\"DEBUG\",\"DYNAMIC\","
                        "\"AUTOMEDIA\",\"PORTSEL\",\"NOTRAILERS\",\"UP\",\"LOWER_UP\",\"DORMANT\","
                        "\"ECHO\",\"fff80000\",\"M-DOWN\"]");
    link_unref(link);
}

static void a_link_that_is_up_and_not_running_has_no_carrier(void **state)
{
    struct link *up = LINK(.ifindex = 2, .ifname = "a", .flags = IFF_UP | IFF_MULTICAST);
    struct link *down = LINK(.ifindex = 2, .ifname = "a", .flags = IFF_RUNNING);

    (void)state;
    assert_string_equal(FIELD(up, FLAGS), "[\"NO-CARRIER\",\"MULTICAST\",\"UP\"]");
    assert_string_equal(FIELD(down, FLAGS), "[]");
    link_unref(up);
    link_unref(down);
}

static void each_operstate_has_its_name(void **state)
{
    static const char *const names[] = {
        "\"UNKNOWN\"", "\"NOTPRESENT\"", "\"DOWN\"", "\"LOWERLAYERDOWN\"",
        "\"TESTING\"", "\"DORMANT\"",    "\"UP\""};
    struct link *link = LINK(.ifindex = 2, .ifname = "a", .operstate = 2);

    (void)state;
    for (uint8_t i = 0; i < 7; i++) {
        link->operstate = i;
        assert_string_equal(FIELD(link, OPERSTATE), names[i]);
    }
    link_unref(link);
}

static void types_have_the_names_of_ip(void **state)
{
    static const struct {
        uint16_t type;
        const char *name;
    } types[] = {
        {ARPHRD_ETHER, "\"ether\""},
        {ARPHRD_LOOPBACK, "\"loopback\""},
        {ARPHRD_NONE, "\"none\""},
        {ARPHRD_PPP, "\"ppp\""},
        {ARPHRD_TUNNEL, "\"ipip\""},
        {ARPHRD_TUNNEL6, "\"tunnel6\""},
        {ARPHRD_SIT, "\"sit\""},
        {ARPHRD_IPGRE, "\"gre\""},
        {ARPHRD_IP6GRE, "\"gre6\""},
        {ARPHRD_INFINIBAND, "\"infiniband\""},
        {ARPHRD_IEEE80211, "\"ieee802.11\""},
        {ARPHRD_CAN, "\"can\""},
        {ARPHRD_VOID, "\"void\""},
        {ARPHRD_FCFABRIC + 12, "\"fcfb12\""},
        {ARPHRD_RAWIP, "\"[519]\""},
        {54321, "\"[54321]\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct link *link = LINK(.ifindex = 2, .ifname = "a", .type = types[i].type);

        assert_string_equal(FIELD(link, LINK_TYPE), types[i].name);
        link_unref(link);
    }
}

static struct link *with_addresses(uint16_t type, const char *bytes, int length)
{
    struct nl_msg *message = new_message(2, type, 0);

    nla_put_string(message, IFLA_IFNAME, "a");
    nla_put(message, IFLA_ADDRESS, length, bytes);
    return parse(message);
}

static void assert_address(uint16_t type, const char *bytes, int length, const char *expected)
{
    struct link *link = with_addresses(type, bytes, length);

    assert_string_equal(FIELD(link, ADDRESS), expected);
    link_unref(link);
}

static void hardware_addresses_are_pairs_of_digits(void **state)
{
    (void)state;
    assert_address(ARPHRD_ETHER, "\x02\x00\x00\xab\xcd\xef", 6, "\"02:00:00:ab:cd:ef\"");
    assert_address(ARPHRD_ETHER, "\x02", 1, "\"02\"");
    assert_address(ARPHRD_INFINIBAND, "ABCDEFGHIJKLMNOPQRST", 20,
                   "\"41:42:43:44:45:46:47:48:49:4a:4b:4c:4d:4e:4f:50:51:52:53:54\"");
    assert_address(ARPHRD_VOID, "0123456789abcdef0123456789abcdef", LINK_ADDRESS_MAX,
                   "\"30:31:32:33:34:35:36:37:38:39:61:62:63:64:65:66:"
                   "30:31:32:33:34:35:36:37:38:39:61:62:63:64:65:66\"");
}

static void tunnels_have_ip_addresses(void **state)
{
    static const char v6[] = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01";

    (void)state;
    assert_address(ARPHRD_TUNNEL, "\xc0\x00\x02\x01", 4, "\"192.0.2.1\"");
    assert_address(ARPHRD_SIT, "\xc0\x00\x02\x01", 4, "\"192.0.2.1\"");
    assert_address(ARPHRD_IPGRE, "\0\0\0\0", 4, "\"0.0.0.0\"");
    assert_address(ARPHRD_TUNNEL6, v6, 16, "\"2001:db8::1\"");
    assert_address(ARPHRD_IP6GRE, v6, 16, "\"2001:db8::1\"");
    assert_address(ARPHRD_ETHER, "\xc0\x00\x02\x01", 4, "\"c0:00:02:01\"");
    assert_address(ARPHRD_TUNNEL, "\xc0\x00\x02", 3, "\"c0:00:02\"");
}

static void large_numbers_keep_their_value(void **state)
{
    struct link *link = LINK(.ifindex = 0x7fffffff, .ifname = "a", .mtu = 0xffffffff);

    (void)state;
    assert_string_equal(FIELD(link, IFINDEX), "2147483647");
    assert_string_equal(FIELD(link, MTU), "4294967295");
    link_unref(link);
}

/* --- text that is not UTF-8 */

static void assert_name(const char *name, const char *expected)
{
    struct link *link = LINK(.ifindex = 2, .ifname = name, .alias = name, .altname = name);
    char list[64];

    assert_string_equal(FIELD(link, IFNAME), expected);
    assert_string_equal(FIELD(link, IFALIAS), expected);
    snprintf(list, sizeof(list), "[%s]", expected);
    assert_string_equal(FIELD(link, ALTNAMES), list);
    link_unref(link);
}

static void utf8_is_kept_as_it_is(void **state)
{
    (void)state;
    assert_name("t\xc3\xbcr", "\"t\xc3\xbcr\"");
    assert_name("\xe2\x82\xac", "\"\xe2\x82\xac\"");
    assert_name("\xf0\x9f\x90\xa7", "\"\xf0\x9f\x90\xa7\"");
}

static void each_byte_that_is_no_utf8_is_replaced(void **state)
{
    (void)state;
    assert_name("a\xff"
                "b",
                "\"a\xef\xbf\xbd"
                "b\"");
    assert_name("\xff\xfe", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_name("t\xc3\xbc\xc3", "\"t\xc3\xbc\xef\xbf\xbd\"");
    assert_name("\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    /* A surrogate, and a slash that is longer than it should be. */
    assert_name("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_name("\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void assert_holds(struct link *link, const char *part)
{
    struct buffer *buffer;
    char *text;

    buffer = text_of(link);
    text = strndup(buffer->data, buffer->length);
    if (!strstr(text, part))
        fail_msg("no %s in %s", part, text);
    free(text);
    buffer_unref(buffer);
}

static void names_that_are_no_utf8_have_their_bytes_beside_them(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "a\xff", .altname = "\xfe", .master = 3);
    struct link *master = LINK(.ifindex = 3, .ifname = "\x01\xfd");
    struct link *plain = LINK(.ifindex = 4, .ifname = "\x01ä", .altname = "ö");
    struct buffer *buffer;

    (void)state;
    link_resolve(link, master, NULL);
    assert_holds(link, "\"ifname\":\"a\xef\xbf\xbd\",\"ifname_bytes\":\"61ff\"");
    assert_holds(link, "\"altnames_bytes\":[\"fe\"]");
    assert_holds(link, "\"master_bytes\":\"01fd\"");
    buffer = text_of(plain);
    assert_null(memmem(buffer->data, buffer->length, "_bytes", 6));
    buffer_unref(buffer);
    link_unref(link);
    link_unref(master);
    link_unref(plain);
}

static void quotes_and_control_characters_are_escaped(void **state)
{
    (void)state;
    assert_name("a\"b\\", "\"a\\\"b\\\\\"");
    assert_name("a\nb\x01", "\"a\\nb\\u0001\"");
}

/* --- old values */

static void old_values_are_just_those_asked_for_and_null_for_none(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "a", .mtu = 1500);
    struct writer writer;
    struct buffer *buffer;

    (void)state;
    writer_init(&writer);
    encode_fields(&writer, link,
                  LINK_FIELD_BIT(MTU) | LINK_FIELD_BIT(MASTER) | LINK_FIELD_BIT(LINKINFO));
    writer_add(&writer, "", 1);
    assert_int_equal(writer_to_buffer(&writer, &buffer), 0);
    assert_string_equal(buffer->data, "{\"mtu\":1500,\"master\":null,\"linkinfo\":null}");
    buffer_unref(buffer);
    link_unref(link);
}

static void beside_the_name_of_another_link_is_its_index_known_or_not(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "a", .master = 5, .lower = 7);
    struct link *master = LINK(.ifindex = 5, .ifname = "br0");
    const char *const texts[] = {
        "{\"master\":\"if5\",\"link\":\"if7\",\"master_ifindex\":5,\"link_ifindex\":7}",
        "{\"master\":\"br0\",\"link\":\"if7\",\"master_ifindex\":5,\"link_ifindex\":7}"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct writer writer;
        struct buffer *buffer;

        link_resolve(link, i ? master : NULL, NULL);
        writer_init(&writer);
        encode_fields(&writer, link,
                      link->known & (LINK_FIELD_BIT(MASTER) | LINK_FIELD_BIT(MASTER_IFINDEX) |
                                     LINK_FIELD_BIT(LINK) | LINK_FIELD_BIT(LINK_IFINDEX)));
        writer_add(&writer, "", 1);
        assert_int_equal(writer_to_buffer(&writer, &buffer), 0);
        assert_string_equal(buffer->data, texts[i]);
        buffer_unref(buffer);
    }
    link_unref(link);
    link_unref(master);
}

static void each_field_can_be_encoded_known_or_not(void **state)
{
    struct link *sparse = LINK(.ifindex = 2, .ifname = "a");
    struct link *full = captured_link(CAPTURED_VETH_BRIDGE_PORT);

    (void)state;
    for (enum link_field field = 0; field < LINK_FIELD_COUNT; field++) {
        bool known = sparse->known & (UINT64_C(1) << field);

        assert_int_equal(strcmp(field_text(sparse, field), "null") != 0, known);
        known = full->known & (UINT64_C(1) << field);
        assert_int_equal(strcmp(field_text(full, field), "null") != 0, known);
    }
    link_unref(sparse);
    link_unref(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bridge_port_is_encoded_as_ip_prints_it),
        cmocka_unit_test(a_veth_whose_peer_is_elsewhere_is_encoded_as_ip_prints_it),
        cmocka_unit_test(altnames_alias_and_group_are_encoded_as_ip_prints_them),
        cmocka_unit_test(a_tun_device_is_encoded_as_ip_prints_it),
        cmocka_unit_test(what_the_kernel_did_not_say_is_left_out),
        cmocka_unit_test(a_value_of_0_is_not_left_out),
        cmocka_unit_test(a_link_that_is_up_has_a_carrier),
        cmocka_unit_test(flags_stand_in_the_order_of_ip),
        cmocka_unit_test(a_link_that_is_up_and_not_running_has_no_carrier),
        cmocka_unit_test(each_operstate_has_its_name),
        cmocka_unit_test(types_have_the_names_of_ip),
        cmocka_unit_test(hardware_addresses_are_pairs_of_digits),
        cmocka_unit_test(tunnels_have_ip_addresses),
        cmocka_unit_test(large_numbers_keep_their_value),
        cmocka_unit_test(utf8_is_kept_as_it_is),
        cmocka_unit_test(each_byte_that_is_no_utf8_is_replaced),
        cmocka_unit_test(names_that_are_no_utf8_have_their_bytes_beside_them),
        cmocka_unit_test(quotes_and_control_characters_are_escaped),
        cmocka_unit_test(old_values_are_just_those_asked_for_and_null_for_none),
        cmocka_unit_test(beside_the_name_of_another_link_is_its_index_known_or_not),
        cmocka_unit_test(each_field_can_be_encoded_known_or_not),
    };

    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
