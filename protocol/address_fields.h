/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of an address, with their names in the protocol (and in "ip -json address"). */
#ifndef LINKWATCH_PROTOCOL_ADDRESS_FIELDS_H
#define LINKWATCH_PROTOCOL_ADDRESS_FIELDS_H

#include <stdint.h>

/* X(enumerator, name), in the order of JSON. */
#define ADDRESS_FIELDS(X)                 \
    X(IFINDEX, "ifindex")                 \
    X(IFNAME, "ifname")                   \
    X(FAMILY, "family")                   \
    X(LOCAL, "local")                     \
    X(ADDRESS, "address")                 \
    X(PREFIXLEN, "prefixlen")             \
    X(METRIC, "metric")                   \
    X(BROADCAST, "broadcast")             \
    X(ANYCAST, "anycast")                 \
    X(SCOPE, "scope")                     \
    X(FLAGS, "flags")                     \
    X(PROTOCOL, "protocol")               \
    X(LABEL, "label")                     \
    X(VALID_LIFE_TIME, "valid_life_time") \
    X(PREFERRED_LIFE_TIME, "preferred_life_time")

enum address_field {
#define X(id, name) ADDRESS_FIELD_##id,
    ADDRESS_FIELDS(X)
#undef X
        ADDRESS_FIELD_COUNT
};

/* A set of fields: bit N stands for field N. */
typedef uint64_t address_fields;

#define ADDRESS_FIELD_BIT(id) (UINT64_C(1) << ADDRESS_FIELD_##id)

/* The name in the protocol. */
const char *address_field_name(enum address_field field);

/* The member that contains the bytes of a name that is not valid UTF-8; see
 * link_field_bytes_name(). */
const char *address_field_bytes_name(enum address_field field);

/* The field with that name, or -ENOENT. */
int address_field_from_name(const char *name);

#endif
