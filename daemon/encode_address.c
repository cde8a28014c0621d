/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/encode_address.h"

#include <arpa/inet.h>

#include "protocol/address_names.h"
#include "protocol/utf8.h"

#define USEC_PER_SEC INT64_C(1000000)

static void put_ip(struct writer *writer, uint8_t family, const unsigned char *bytes)
{
    char text[INET6_ADDRSTRLEN] = "";

    inet_ntop(family, bytes, text, sizeof(text));
    writer_put_string(writer, text);
}

static void put_flags(struct writer *writer, const struct address *address)
{
    uint32_t named = address_flags_named(address->flags);
    char room[ADDRESS_NAME_SIZE];
    const char *name, *between = "";

    writer_put(writer, "[");
    for (; (name = address_flag_next(&named, address->key.family, room)); between = ",") {
        writer_put(writer, between);
        writer_put_string(writer, name);
    }
    writer_put(writer, "]");
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
        return address->object.link->ifname;
    return field == ADDRESS_FIELD_LABEL ? address->label : NULL;
}

static void put_known(struct writer *writer, const struct address *address,
                      enum address_field field, int64_t now)
{
    const struct address_key *key = &address->key;
    char room[ADDRESS_NAME_SIZE];

    switch (field) {
    case ADDRESS_FIELD_IFINDEX:
        writer_put_integer(writer, key->ifindex);
        break;
    case ADDRESS_FIELD_IFNAME:
    case ADDRESS_FIELD_LABEL:
        writer_put_string(writer, name_of(address, field));
        break;
    case ADDRESS_FIELD_FAMILY:
        writer_put_string(writer, address_family_name(key->family));
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
        writer_put_string(writer, address_scope_name(address->scope, room));
        break;
    case ADDRESS_FIELD_FLAGS:
        put_flags(writer, address);
        break;
    case ADDRESS_FIELD_PROTOCOL:
        writer_put_string(writer, address_protocol_name(address->protocol, room));
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
    writer_put_key(writer, field_bytes_name(SUBJECT_ADDRESSES, field));
    writer_put_hex(writer, name);
}

void encode_address(struct writer *writer, const struct address *address, address_fields fields,
                    int64_t now)
{
    writer_open(writer);
    FOREACH_FIELD (field, fields) {
        writer_put_key(writer, field_name(SUBJECT_ADDRESSES, field));
        if (address->known & (UINT64_C(1) << field)) {
            put_known(writer, address, field, now);
            put_bytes(writer, address, field);
        } else {
            writer_put(writer, "null");
        }
    }
    writer_close(writer);
}
