/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/encode.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <stdio.h>

#include "protocol/json.h"
#include "protocol/utf8.h"

/* Fields that are bytes which need not be UTF-8. */
#define NAMES                                                                     \
    (LINK_FIELD_BIT(IFNAME) | LINK_FIELD_BIT(ALTNAMES) | LINK_FIELD_BIT(MASTER) | \
     LINK_FIELD_BIT(LINK))

/* The next element of an array, of which there were count. */
static void put_element(struct writer *writer, size_t count, const char *string)
{
    if (count)
        writer_put(writer, ",");
    writer_put_string(writer, string);
}

static void put_altnames(struct writer *writer, const struct link *link)
{
    const char *altname = NULL;
    size_t count = 0;

    writer_put(writer, "[");
    while ((altname = link_next_altname(link, altname)))
        put_element(writer, count++, altname);
    writer_put(writer, "]");
}

void encode_flags(const struct link *link, struct encoded_flags *ret)
{
    uint32_t rest = link->flags & ~(uint32_t)IFF_RUNNING;
    const char *name;

    ret->count = 0;
    if (link->flags & IFF_UP && !(link->flags & IFF_RUNNING))
        ret->names[ret->count++] = "NO-CARRIER";
    while ((name = link_flag_next(&rest, ret->unnamed)))
        ret->names[ret->count++] = name;
    if (link->link_down)
        ret->names[ret->count++] = "M-DOWN";
}

static void put_flags(struct writer *writer, const struct link *link)
{
    struct encoded_flags flags;

    encode_flags(link, &flags);
    writer_put(writer, "[");
    for (size_t i = 0; i < flags.count; i++)
        put_element(writer, i, flags.names[i]);
    writer_put(writer, "]");
}

static const struct {
    uint16_t type;
    const char *name;
} type_names[] = {
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

static void put_type(struct writer *writer, uint16_t type)
{
    char unnamed[16];

    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
        if (type_names[i].type == type) {
            writer_put_string(writer, type_names[i].name);
            return;
        }
    }
    if (type >= ARPHRD_FCFABRIC && type <= ARPHRD_FCFABRIC + 12)
        snprintf(unnamed, sizeof(unnamed), "fcfb%d", type - ARPHRD_FCFABRIC);
    else
        snprintf(unnamed, sizeof(unnamed), "[%u]", type);
    writer_put_string(writer, unnamed);
}

void encode_operstate(struct writer *writer, const struct link *link)
{
    static const char *const names[] = {"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN",
                                        "TESTING", "DORMANT",    "UP"};

    writer_put_string(writer, names[link->operstate]);
}

void encode_kind(struct writer *writer, const struct link *link)
{
    if (link->info_kind)
        writer_put_string(writer, link->info_kind);
    else
        put_type(writer, link->type);
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

static void put_address(struct writer *writer, const struct link_address *address, uint16_t type)
{
    static const char digits[] = "0123456789abcdef";
    char string[LINK_ADDRESS_MAX * 3 + 1] = "";
    int family = address_family(type, address->length);
    char *to = string;

    if (family != AF_UNSPEC) {
        inet_ntop(family, address->bytes, string, sizeof(string));
    } else {
        for (size_t i = 0; i < address->length; i++) {
            *to++ = digits[address->bytes[i] >> 4];
            *to++ = digits[address->bytes[i] & 0xf];
            *to++ = ':';
        }
        *(to - 1) = '\0';
    }
    writer_put_string(writer, string);
}

static void put_group(struct writer *writer, uint32_t group)
{
    if (group) {
        writer_put(writer, "\"");
        writer_put_integer(writer, group);
        writer_put(writer, "\"");
    } else {
        writer_put_string(writer, "default");
    }
}

static void put_linkinfo(struct writer *writer, const struct link *link)
{
    writer_open(writer);
    if (link->info_kind) {
        writer_key(writer, "info_kind");
        writer_put_string(writer, link->info_kind);
    }
    if (link->info_slave_kind) {
        writer_key(writer, "info_slave_kind");
        writer_put_string(writer, link->info_slave_kind);
    }
    writer_close(writer);
}

/* What has a form of its own. */
static void put_other(struct writer *writer, const struct link *link, enum link_field field)
{
    switch ((int)field) {
    case LINK_FIELD_ALTNAMES:
        put_altnames(writer, link);
        break;
    case LINK_FIELD_LINK_TYPE:
        put_type(writer, link->type);
        break;
    case LINK_FIELD_FLAGS:
        put_flags(writer, link);
        break;
    case LINK_FIELD_OPERSTATE:
        encode_operstate(writer, link);
        break;
    case LINK_FIELD_LINKMODE:
        writer_put_string(writer, link->linkmode ? "DORMANT" : "DEFAULT");
        break;
    case LINK_FIELD_CARRIER:
        writer_put(writer, link->carrier ? "true" : "false");
        break;
    case LINK_FIELD_GROUP:
        put_group(writer, link->group);
        break;
    case LINK_FIELD_LINKINFO:
        put_linkinfo(writer, link);
        break;
    }
}

static void put_known(struct writer *writer, const struct link *link, enum link_field field)
{
    const void *value = link_member(link, field);

    switch (link_members[field].form) {
    case LINK_FORM_U32:
        writer_put_integer(writer, *(const uint32_t *)value);
        break;
    case LINK_FORM_INT:
        writer_put_integer(writer, *(const int *)value);
        break;
    case LINK_FORM_NAME:
        writer_put_string(writer, value);
        break;
    case LINK_FORM_TEXT:
        writer_put_string(writer, *(const char *const *)value);
        break;
    case LINK_FORM_ADDRESS:
        put_address(writer, value, link->type);
        break;
    case LINK_FORM_OTHER:
        put_other(writer, link, field);
        break;
    }
}

static void put_field(struct writer *writer, const struct link *link, enum link_field field)
{
    if (link->known & (UINT64_C(1) << field))
        put_known(writer, link, field);
    else
        writer_put(writer, "null");
}

static bool altnames_are_utf8(const struct link *link)
{
    const char *altname = NULL;

    while ((altname = link_next_altname(link, altname)))
        if (!utf8_is_valid(altname))
            return false;
    return true;
}

static void put_altnames_bytes(struct writer *writer, const struct link *link)
{
    const char *altname = NULL;
    size_t count = 0;

    writer_put_key(writer, field_bytes_name(SUBJECT_LINKS, LINK_FIELD_ALTNAMES));
    writer_put(writer, "[");
    while ((altname = link_next_altname(link, altname))) {
        writer_put(writer, count++ ? "," : "");
        writer_put_hex(writer, altname);
    }
    writer_put(writer, "]");
}

/* Beside a name that isn't UTF-8, which JSON can't hold, what it really is. */
static void put_bytes(struct writer *writer, const struct link *link, enum link_field field)
{
    const char *name = link_member(link, field);

    if (field == LINK_FIELD_ALTNAMES) {
        if (!altnames_are_utf8(link))
            put_altnames_bytes(writer, link);
    } else if (!utf8_is_valid(name)) {
        writer_put_key(writer, field_bytes_name(SUBJECT_LINKS, field));
        writer_put_hex(writer, name);
    }
}

static void put_name(struct writer *writer, enum link_field field)
{
    static const struct {
        const char *text;
        size_t length;
    } members[] = {
#define X(id, name) [LINK_FIELD_##id] = {WRITER_MEMBER(name), sizeof(WRITER_MEMBER(name)) - 1},
        LINK_FIELDS(X)
#undef X
    };

    writer_member(writer, members[field].text, members[field].length);
}

static void put_fields(struct writer *writer, const struct link *link, link_fields fields)
{
    FOREACH_FIELD (field, fields) {
        put_name(writer, field);
        put_field(writer, link, field);
        if (NAMES & link->known & (UINT64_C(1) << field))
            put_bytes(writer, link, field);
    }
}

void encode_fields(struct writer *writer, const struct link *link, link_fields fields)
{
    writer_open(writer);
    put_fields(writer, link, fields);
    writer_close(writer);
}

void encode_link(struct writer *writer, const struct link *link)
{
    writer_open(writer);
    put_fields(writer, link, link->known);
    if (link->since) {
        writer_key(writer, "since_usec");
        writer_put_integer(writer, link->since);
    }
    if (link->since_first_dump) {
        writer_key(writer, "since_first_dump");
        writer_put(writer, "true");
    }
    if (link->last_up) {
        writer_key(writer, "last_up_usec");
        writer_put_integer(writer, link->last_up);
    }
    if (link->last_down) {
        writer_key(writer, "last_down_usec");
        writer_put_integer(writer, link->last_down);
    }
    writer_close(writer);
}

char *encode_value(const struct link *link, enum link_field field)
{
    bool known = link->known & (UINT64_C(1) << field);
    enum link_form form = link_members[field].form;
    struct writer writer;
    char *text = NULL;
    size_t quoted;

    if (known && form == LINK_FORM_NAME)
        return strdup(link_member(link, field));
    if (known && form == LINK_FORM_TEXT)
        return strdup(*(const char *const *)link_member(link, field));
    writer_init(&writer);
    put_field(&writer, link, field);
    quoted = writer.data[0] == '"';
    if (!writer.failed)
        text = strndup(writer.data + quoted, writer.length - quoted - quoted);
    writer_clear(&writer);
    return text;
}
