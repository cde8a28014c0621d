/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/encode_address.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "protocol/utf8.h"

#define USEC_PER_SEC INT64_C(1000000)

/* As iproute2 has them: the names of /etc/iproute2/rt_scopes, which nobody changes. */
const char *encode_scope(uint8_t scope, char name[SCOPE_NAME_SIZE])
{
    switch (scope) {
    case RT_SCOPE_UNIVERSE:
        return "global";
    case RT_SCOPE_SITE:
        return "site";
    case RT_SCOPE_LINK:
        return "link";
    case RT_SCOPE_HOST:
        return "host";
    case RT_SCOPE_NOWHERE:
        return "nowhere";
    }
    snprintf(name, SCOPE_NAME_SIZE, "%u", scope);
    return name;
}

static void put_scope(struct writer *writer, uint8_t scope)
{
    char name[SCOPE_NAME_SIZE];

    writer_put_string(writer, encode_scope(scope, name));
}

static void put_ip(struct writer *writer, uint8_t family, const unsigned char *bytes)
{
    char text[INET6_ADDRSTRLEN] = "";

    inet_ntop(family, bytes, text, sizeof(text));
    writer_put_string(writer, text);
}

static void put_flag(struct writer *writer, size_t *count, const char *name)
{
    writer_put(writer, (*count)++ ? "," : "");
    writer_put_string(writer, name);
}

/* In the order in which ip prints them. */
static void put_flags(struct writer *writer, const struct address *address)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        {IFA_F_SECONDARY, "secondary"},
        {IFA_F_NODAD, "nodad"},
        {IFA_F_OPTIMISTIC, "optimistic"},
        {IFA_F_DADFAILED, "dadfailed"},
        {IFA_F_HOMEADDRESS, "home"},
        {IFA_F_DEPRECATED, "deprecated"},
        {IFA_F_TENTATIVE, "tentative"},
        {IFA_F_PERMANENT, "dynamic"}, /* where it is not set */
        {IFA_F_MANAGETEMPADDR, "mngtmpaddr"},
        {IFA_F_NOPREFIXROUTE, "noprefixroute"},
        {IFA_F_MCAUTOJOIN, "autojoin"},
        {IFA_F_STABLE_PRIVACY, "stable-privacy"},
    };
    uint32_t flags = address->flags ^ IFA_F_PERMANENT;
    char unnamed[9];
    size_t count = 0;

    writer_put(writer, "[");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *name = names[i].name;

        if (names[i].flag == IFA_F_SECONDARY && address->key.family == AF_INET6)
            name = "temporary";
        if (flags & names[i].flag)
            put_flag(writer, &count, name);
        flags &= ~names[i].flag;
    }
    if (flags) {
        snprintf(unnamed, sizeof(unnamed), "%02x", flags);
        put_flag(writer, &count, unnamed);
    }
    writer_put(writer, "]");
}

/* Who made it, by the names of iproute2's rt_addrprotos. */
static void put_protocol(struct writer *writer, uint8_t protocol)
{
    static const char *const names[] = {"unspec", "kernel_lo", "kernel_ra", "kernel_ll"};
    char unnamed[4];

    snprintf(unnamed, sizeof(unnamed), "%u", protocol);
    writer_put_string(writer,
                      protocol < sizeof(names) / sizeof(names[0]) ? names[protocol] : unnamed);
}

/* What is left of a lifetime, in seconds; at the moment when the kernel said it, what it said. */
static void put_lifetime(struct writer *writer, uint32_t seconds, int64_t learned, int64_t now)
{
    int64_t passed = now > learned ? (now - learned) / USEC_PER_SEC : 0;

    if (seconds != ADDRESS_FOREVER)
        seconds = passed < seconds ? seconds - (uint32_t)passed : 0;
    writer_put_integer(writer, seconds);
}

static const char *name_of(const struct address *address, enum address_field field)
{
    if (field == ADDRESS_FIELD_IFNAME)
        return address->link->ifname;
    return field == ADDRESS_FIELD_LABEL ? address->label : NULL;
}

static void put_known(struct writer *writer, const struct address *address,
                      enum address_field field, int64_t now)
{
    const struct address_key *key = &address->key;

    switch (field) {
    case ADDRESS_FIELD_IFINDEX:
        writer_put_integer(writer, key->ifindex);
        break;
    case ADDRESS_FIELD_IFNAME:
    case ADDRESS_FIELD_LABEL:
        writer_put_string(writer, name_of(address, field));
        break;
    case ADDRESS_FIELD_FAMILY:
        writer_put_string(writer, key->family == AF_INET ? "inet" : "inet6");
        break;
    case ADDRESS_FIELD_LOCAL:
        put_ip(writer, key->family, key->local);
        break;
    case ADDRESS_FIELD_ADDRESS:
        put_ip(writer, key->family, key->peer);
        break;
    case ADDRESS_FIELD_PREFIXLEN:
        writer_put_integer(writer, key->prefixlen);
        break;
    case ADDRESS_FIELD_METRIC:
        writer_put_integer(writer, address->metric);
        break;
    case ADDRESS_FIELD_BROADCAST:
        put_ip(writer, key->family, address->broadcast);
        break;
    case ADDRESS_FIELD_ANYCAST:
        put_ip(writer, key->family, address->anycast);
        break;
    case ADDRESS_FIELD_SCOPE:
        put_scope(writer, address->scope);
        break;
    case ADDRESS_FIELD_FLAGS:
        put_flags(writer, address);
        break;
    case ADDRESS_FIELD_PROTOCOL:
        put_protocol(writer, address->protocol);
        break;
    case ADDRESS_FIELD_VALID_LIFE_TIME:
        put_lifetime(writer, address->valid, address->learned, now);
        break;
    case ADDRESS_FIELD_PREFERRED_LIFE_TIME:
        put_lifetime(writer, address->preferred, address->learned, now);
        break;
    case ADDRESS_FIELD_COUNT:
        break;
    }
}

/* Beside a name that isn't UTF-8, which JSON can't hold, what it really is. */
static void put_bytes(struct writer *writer, const struct address *address,
                      enum address_field field)
{
    const char *name = name_of(address, field);

    if (!name || utf8_is_valid(name))
        return;
    writer_put(writer, ",\"");
    writer_put(writer, address_field_bytes_name(field));
    writer_put(writer, "\":");
    writer_put_hex(writer, name);
}

void encode_address(struct writer *writer, const struct address *address, address_fields fields,
                    int64_t now)
{
    bool first = true;

    writer_put(writer, "{");
    for (enum address_field field = 0; field < ADDRESS_FIELD_COUNT; field++) {
        if (!(fields & (UINT64_C(1) << field)))
            continue;
        writer_put(writer, first ? "\"" : ",\"");
        writer_put(writer, address_field_name(field));
        writer_put(writer, "\":");
        if (address->known & (UINT64_C(1) << field)) {
            put_known(writer, address, field, now);
            put_bytes(writer, address, field);
        } else {
            writer_put(writer, "null");
        }
        first = false;
    }
    writer_put(writer, "}");
}
