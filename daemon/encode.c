#include "daemon/encode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD in UTF-8 */

/* How many bytes at this place are one character of UTF-8; 0 if none are. What UTF-8 is
 * the JSON library knows. */
static size_t character_length(const char *text, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++) {
        json_t *character = json_stringn(text, n);

        json_decref(character);
        if (character)
            return n;
    }
    return 0;
}

static json_t *repaired_text(const char *text)
{
    size_t left = strlen(text);
    char *repaired = calloc(left * strlen(REPLACEMENT) + 1, 1);
    json_t *value = NULL;

    if (!repaired)
        return NULL;
    while (left > 0) {
        size_t n = character_length(text, left);

        if (n)
            strncat(repaired, text, n);
        else
            strcat(repaired, REPLACEMENT);
        text += n ? n : 1;
        left -= n ? n : 1;
    }
    value = json_string(repaired);
    free(repaired);
    return value;
}

static json_t *encode_text(const char *text)
{
    json_t *value = json_string(text);

    return value ? value : repaired_text(text);
}

static json_t *append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) == 0)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *encode_altnames(const struct link *link)
{
    json_t *array = json_array();
    const char *altname = NULL;

    while (array && (altname = link_next_altname(link, altname)))
        array = append(array, encode_text(altname));
    return array;
}

static json_t *encode_flags(const struct link *link)
{
    /* In the order in which ip prints them. */
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        {IFF_LOOPBACK, "LOOPBACK"},
        {IFF_BROADCAST, "BROADCAST"},
        {IFF_POINTOPOINT, "POINTOPOINT"},
        {IFF_MULTICAST, "MULTICAST"},
        {IFF_NOARP, "NOARP"},
        {IFF_ALLMULTI, "ALLMULTI"},
        {IFF_PROMISC, "PROMISC"},
        {IFF_MASTER, "MASTER"},
        {IFF_SLAVE, "SLAVE"},
        {IFF_DEBUG, "DEBUG"},
        {IFF_DYNAMIC, "DYNAMIC"},
        {IFF_AUTOMEDIA, "AUTOMEDIA"},
        {IFF_PORTSEL, "PORTSEL"},
        {IFF_NOTRAILERS, "NOTRAILERS"},
        {IFF_UP, "UP"},
        {IFF_LOWER_UP, "LOWER_UP"},
        {IFF_DORMANT, "DORMANT"},
        {IFF_ECHO, "ECHO"},
    };
    uint32_t flags = link->flags & ~(uint32_t)IFF_RUNNING;
    json_t *array = json_array();

    if (link->flags & IFF_UP && !(link->flags & IFF_RUNNING))
        array = append(array, json_string("NO-CARRIER"));
    for (size_t i = 0; array && i < sizeof(names) / sizeof(names[0]); i++) {
        if (flags & names[i].flag)
            array = append(array, json_string(names[i].name));
        flags &= ~names[i].flag;
    }
    if (array && flags)
        array = append(array, json_sprintf("%x", flags));
    if (array && link->link_down)
        array = append(array, json_string("M-DOWN"));
    return array;
}

static json_t *encode_type(uint16_t type)
{
    static const struct {
        uint16_t type;
        const char *name;
    } names[] = {
        {ARPHRD_NETROM, "netrom"},
        {ARPHRD_ETHER, "ether"},
        {ARPHRD_EETHER, "eether"},
        {ARPHRD_AX25, "ax25"},
        {ARPHRD_PRONET, "pronet"},
        {ARPHRD_CHAOS, "chaos"},
        {ARPHRD_IEEE802, "ieee802"},
        {ARPHRD_ARCNET, "arcnet"},
        {ARPHRD_APPLETLK, "atalk"},
        {ARPHRD_DLCI, "dlci"},
        {ARPHRD_ATM, "atm"},
        {ARPHRD_METRICOM, "metricom"},
        {ARPHRD_IEEE1394, "ieee1394"},
        {ARPHRD_INFINIBAND, "infiniband"},
        {ARPHRD_SLIP, "slip"},
        {ARPHRD_CSLIP, "cslip"},
        {ARPHRD_SLIP6, "slip6"},
        {ARPHRD_CSLIP6, "cslip6"},
        {ARPHRD_RSRVD, "rsrvd"},
        {ARPHRD_ADAPT, "adapt"},
        {ARPHRD_ROSE, "rose"},
        {ARPHRD_X25, "x25"},
        {ARPHRD_HWX25, "hwx25"},
        {ARPHRD_CAN, "can"},
        {ARPHRD_PPP, "ppp"},
        {ARPHRD_HDLC, "hdlc"},
        {ARPHRD_LAPB, "lapb"},
        {ARPHRD_DDCMP, "ddcmp"},
        {ARPHRD_RAWHDLC, "rawhdlc"},
        {ARPHRD_TUNNEL, "ipip"},
        {ARPHRD_TUNNEL6, "tunnel6"},
        {ARPHRD_FRAD, "frad"},
        {ARPHRD_SKIP, "skip"},
        {ARPHRD_LOOPBACK, "loopback"},
        {ARPHRD_LOCALTLK, "ltalk"},
        {ARPHRD_FDDI, "fddi"},
        {ARPHRD_BIF, "bif"},
        {ARPHRD_SIT, "sit"},
        {ARPHRD_IPDDP, "ip/ddp"},
        {ARPHRD_IPGRE, "gre"},
        {ARPHRD_PIMREG, "pimreg"},
        {ARPHRD_HIPPI, "hippi"},
        {ARPHRD_ASH, "ash"},
        {ARPHRD_ECONET, "econet"},
        {ARPHRD_IRDA, "irda"},
        {ARPHRD_FCPP, "fcpp"},
        {ARPHRD_FCAL, "fcal"},
        {ARPHRD_FCPL, "fcpl"},
        {ARPHRD_IEEE802_TR, "tr"},
        {ARPHRD_IEEE80211, "ieee802.11"},
        {ARPHRD_IEEE80211_PRISM, "ieee802.11/prism"},
        {ARPHRD_IEEE80211_RADIOTAP, "ieee802.11/radiotap"},
        {ARPHRD_IEEE802154, "ieee802.15.4"},
        {ARPHRD_IEEE802154_MONITOR, "ieee802.15.4/monitor"},
        {ARPHRD_PHONET, "phonet"},
        {ARPHRD_PHONET_PIPE, "phonet_pipe"},
        {ARPHRD_CAIF, "caif"},
        {ARPHRD_IP6GRE, "gre6"},
        {ARPHRD_NETLINK, "netlink"},
        {ARPHRD_6LOWPAN, "6lowpan"},
        {ARPHRD_NONE, "none"},
        {ARPHRD_VOID, "void"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].type == type)
            return json_string(names[i].name);
    if (type >= ARPHRD_FCFABRIC && type <= ARPHRD_FCFABRIC + 12)
        return json_sprintf("fcfb%d", type - ARPHRD_FCFABRIC);
    return json_sprintf("[%u]", type);
}

static json_t *encode_operstate(uint8_t operstate)
{
    static const char *const names[] = {"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN",
                                        "TESTING", "DORMANT",    "UP"};

    return json_string(names[operstate]);
}

/* The family of the IP addresses that tunnels of that type have instead of hardware
 * addresses. */
static int address_family(uint16_t type, uint8_t length)
{
    if (length == 4 && (type == ARPHRD_TUNNEL || type == ARPHRD_SIT || type == ARPHRD_IPGRE))
        return AF_INET;
    if (length == 16 && (type == ARPHRD_TUNNEL6 || type == ARPHRD_IP6GRE))
        return AF_INET6;
    return AF_UNSPEC;
}

static json_t *encode_address(const struct link_address *address, uint16_t type)
{
    char text[LINK_ADDRESS_MAX * 3 + 1] = "";
    int family = address_family(type, address->length);

    if (family != AF_UNSPEC)
        return json_string(inet_ntop(family, address->bytes, text, sizeof(text)));
    for (size_t i = 0; i < address->length; i++)
        snprintf(text + i * 3, sizeof(text) - i * 3, "%02x:", address->bytes[i]);
    text[address->length * 3 - 1] = '\0';
    return json_string(text);
}

static json_t *encode_group(uint32_t group)
{
    return group ? json_sprintf("%u", group) : json_string("default");
}

static json_t *encode_linkinfo(const struct link *link)
{
    return json_pack("{s:o*, s:o*}", "info_kind",
                     link->info_kind ? encode_text(link->info_kind) : NULL, "info_slave_kind",
                     link->info_slave_kind ? encode_text(link->info_slave_kind) : NULL);
}

static json_t *encode_known(const struct link *link, enum link_field field)
{
    switch (field) {
    case LINK_FIELD_IFINDEX:
        return json_integer(link->ifindex);
    case LINK_FIELD_IFNAME:
        return encode_text(link->ifname);
    case LINK_FIELD_ALTNAMES:
        return encode_altnames(link);
    case LINK_FIELD_IFALIAS:
        return encode_text(link->ifalias);
    case LINK_FIELD_LINK_TYPE:
        return encode_type(link->type);
    case LINK_FIELD_FLAGS:
        return encode_flags(link);
    case LINK_FIELD_OPERSTATE:
        return encode_operstate(link->operstate);
    case LINK_FIELD_LINKMODE:
        return json_string(link->linkmode ? "DORMANT" : "DEFAULT");
    case LINK_FIELD_CARRIER:
        return json_boolean(link->carrier);
    case LINK_FIELD_CARRIER_CHANGES:
        return json_integer(link->carrier_changes);
    case LINK_FIELD_CARRIER_UP_COUNT:
        return json_integer(link->carrier_up_count);
    case LINK_FIELD_CARRIER_DOWN_COUNT:
        return json_integer(link->carrier_down_count);
    case LINK_FIELD_MTU:
        return json_integer(link->mtu);
    case LINK_FIELD_MIN_MTU:
        return json_integer(link->min_mtu);
    case LINK_FIELD_MAX_MTU:
        return json_integer(link->max_mtu);
    case LINK_FIELD_ADDRESS:
        return encode_address(&link->address, link->type);
    case LINK_FIELD_BROADCAST:
        return encode_address(&link->broadcast, link->type);
    case LINK_FIELD_PERMADDR:
        return encode_address(&link->permaddr, link->type);
    case LINK_FIELD_MASTER:
        return encode_text(link->master_name);
    case LINK_FIELD_LINK:
        return encode_text(link->link_name);
    case LINK_FIELD_LINK_INDEX:
        return json_integer(link->link_index);
    case LINK_FIELD_LINK_NETNSID:
        return json_integer(link->link_netnsid);
    case LINK_FIELD_GROUP:
        return encode_group(link->group);
    case LINK_FIELD_TXQLEN:
        return json_integer(link->txqlen);
    case LINK_FIELD_QDISC:
        return encode_text(link->qdisc);
    case LINK_FIELD_PROMISCUITY:
        return json_integer(link->promiscuity);
    case LINK_FIELD_NUM_TX_QUEUES:
        return json_integer(link->num_tx_queues);
    case LINK_FIELD_NUM_RX_QUEUES:
        return json_integer(link->num_rx_queues);
    case LINK_FIELD_PARENTBUS:
        return encode_text(link->parentbus);
    case LINK_FIELD_PARENTDEV:
        return encode_text(link->parentdev);
    case LINK_FIELD_LINKINFO:
        return encode_linkinfo(link);
    case LINK_FIELD_COUNT:
        break;
    }
    return NULL;
}

json_t *encode_field(const struct link *link, enum link_field field)
{
    return link->known & (UINT64_C(1) << field) ? encode_known(link, field) : json_null();
}

json_t *encode_fields(const struct link *link, link_fields fields)
{
    json_t *object = json_object();

    for (enum link_field field = 0; object && field < LINK_FIELD_COUNT; field++) {
        if (!(fields & (UINT64_C(1) << field)))
            continue;
        if (json_object_set_new_nocheck(object, link_field_name(field), encode_field(link, field)) <
            0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

int encode_link(const struct link *link, struct buffer **ret)
{
    json_t *object = encode_fields(link, link->known);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    struct buffer *buffer = text ? buffer_new(strlen(text)) : NULL;

    json_decref(object);
    if (buffer)
        memcpy(buffer->data, text, buffer->length);
    free(text);
    if (!buffer)
        return -ENOMEM;
    *ret = buffer;
    return 0;
}
