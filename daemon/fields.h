/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of links and addresses whose changes the daemon reports, with their names in the
 * protocol, in "ip -json -details link" and in "ip -json address". Pure. */
#ifndef LINKWATCH_DAEMON_FIELDS_H
#define LINKWATCH_DAEMON_FIELDS_H

#include <stdint.h>

#include "daemon/subject_object.h"

/* X(enumerator, name), in the order of JSON and diffs. */
#define LINK_FIELDS(X)                          \
    X(IFINDEX, "ifindex")                       \
    X(IFNAME, "ifname")                         \
    X(ALTNAMES, "altnames")                     \
    X(IFALIAS, "ifalias")                       \
    X(LINK_TYPE, "link_type")                   \
    X(FLAGS, "flags")                           \
    X(OPERSTATE, "operstate")                   \
    X(LINKMODE, "linkmode")                     \
    X(CARRIER, "carrier")                       \
    X(CARRIER_CHANGES, "carrier_changes")       \
    X(CARRIER_UP_COUNT, "carrier_up_count")     \
    X(CARRIER_DOWN_COUNT, "carrier_down_count") \
    X(MTU, "mtu")                               \
    X(MIN_MTU, "min_mtu")                       \
    X(MAX_MTU, "max_mtu")                       \
    X(ADDRESS, "address")                       \
    X(BROADCAST, "broadcast")                   \
    X(PERMADDR, "permaddr")                     \
    X(MASTER, "master")                         \
    X(LINK, "link")                             \
    X(LINK_INDEX, "link_index")                 \
    X(LINK_NETNSID, "link_netnsid")             \
    X(GROUP, "group")                           \
    X(TXQLEN, "txqlen")                         \
    X(QDISC, "qdisc")                           \
    X(PROMISCUITY, "promiscuity")               \
    X(NUM_TX_QUEUES, "num_tx_queues")           \
    X(NUM_RX_QUEUES, "num_rx_queues")           \
    X(PARENTBUS, "parentbus")                   \
    X(PARENTDEV, "parentdev")                   \
    X(LINKINFO, "linkinfo")                     \
    X(MASTER_IFINDEX, "master_ifindex")         \
    X(LINK_IFINDEX, "link_ifindex")

enum link_field {
#define X(id, name) LINK_FIELD_##id,
    LINK_FIELDS(X)
#undef X
        LINK_FIELD_COUNT
};

/* A set of fields: bit N stands for field N. */
typedef uint64_t link_fields;

#define LINK_FIELD_BIT(id) (UINT64_C(1) << LINK_FIELD_##id)

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

typedef uint64_t address_fields;

#define ADDRESS_FIELD_BIT(id) (UINT64_C(1) << ADDRESS_FIELD_##id)

/* Iterates over a set of fields, as numbers. break does not end the loop. */
#define FOREACH_FIELD(field, fields)                           \
    for (uint64_t rest_ = (fields); rest_; rest_ &= rest_ - 1) \
        for (unsigned field = (unsigned)__builtin_ctzll(rest_); field < 64; field = 64)

/* The name of a subject's field in the protocol. */
const char *field_name(enum subject_number subject, unsigned field);

/* The member that contains the bytes of a name that is not valid UTF-8, in hexadecimal digits. NULL
 * for a field that is no name. */
const char *field_bytes_name(enum subject_number subject, unsigned field);

/* The subject's field with that name, or -ENOENT. */
int field_from_name(enum subject_number subject, const char *name);

#endif
