/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/client/parsed_link.h"

#include <jansson.h>

const char link_with_everything[] =
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

int read_link(const char *text, struct linkwatch_link **ret)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    int r;

    assert_non_null(json);
    r = link_from_json(json, ret);
    json_decref(json);
    return r;
}

struct linkwatch_link *parse_link(const char *text)
{
    struct linkwatch_link *link = NULL;

    assert_int_equal(read_link(text, &link), 0);
    return link;
}
