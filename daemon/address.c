/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#define USEC_PER_SEC INT64_C(1000000)
/* Two accounts of a lifetime may differ by so many seconds: each is rounded. */
#define ROUNDING 2
/* Linux 5.18; older headers lack it. */
#define ATTRIBUTE_PROTO 11
#define ATTRIBUTE_MAX   ATTRIBUTE_PROTO

static size_t family_bytes(uint8_t family)
{
    return family == AF_INET ? 4 : ADDRESS_BYTES;
}

/* The value of an attribute that has exactly so many bytes. False if there is none. */
static bool take(struct nlattr *const *attributes, int type, void *ret, size_t size)
{
    const struct nlattr *attribute = attributes[type];

    if (!attribute || (size_t)nla_len(attribute) != size)
        return false;
    memcpy(ret, nla_data(attribute), size);
    return true;
}

static void take_field(struct address *address, struct nlattr *const *attributes, int type,
                       enum address_field field, void *ret, size_t size)
{
    if (take(attributes, type, ret, size))
        address->known |= UINT64_C(1) << field;
}

/* IPv4 has the local address in IFA_LOCAL, IPv6 only where there is a peer. */
static bool take_key(struct address *address, struct nlattr *const *attributes)
{
    struct address_key *key = &address->key;
    size_t size = family_bytes(key->family);
    bool has_peer = take(attributes, IFA_ADDRESS, key->peer, size);

    if (!take(attributes, IFA_LOCAL, key->local, size)) {
        if (!has_peer)
            return false;
        memcpy(key->local, key->peer, size);
    } else if (!has_peer) {
        memcpy(key->peer, key->local, size);
    }
    if (memcmp(key->local, key->peer, size) != 0)
        address->known |= ADDRESS_FIELD_BIT(ADDRESS);
    return true;
}

static void take_lifetimes(struct address *address, struct nlattr *const *attributes, int64_t now)
{
    struct ifa_cacheinfo info;

    if (!take(attributes, IFA_CACHEINFO, &info, sizeof(info)))
        return;
    address->valid = info.ifa_valid;
    address->preferred = info.ifa_prefered;
    address->learned = now;
    address->created = info.cstamp;
    address->updated = info.tstamp;
    address->known |= ADDRESS_FIELD_BIT(VALID_LIFE_TIME) | ADDRESS_FIELD_BIT(PREFERRED_LIFE_TIME);
}

static void take_label(struct address *address, struct nlattr *const *attributes)
{
    const struct nlattr *attribute = attributes[IFA_LABEL];
    size_t length = attribute ? strnlen(nla_data(attribute), (size_t)nla_len(attribute)) : 0;

    if (length == 0 || length >= sizeof(address->label))
        return;
    memcpy(address->label, nla_data(attribute), length);
    address->known |= ADDRESS_FIELD_BIT(LABEL);
}

static void take_all(struct address *address, struct nlattr *const *attributes, int64_t now)
{
    size_t size = family_bytes(address->key.family);

    address->known |= ADDRESS_FIELD_BIT(IFINDEX) | ADDRESS_FIELD_BIT(IFNAME) |
                      ADDRESS_FIELD_BIT(FAMILY) | ADDRESS_FIELD_BIT(LOCAL) |
                      ADDRESS_FIELD_BIT(PREFIXLEN) | ADDRESS_FIELD_BIT(SCOPE) |
                      ADDRESS_FIELD_BIT(FLAGS);
    /* The header has just the first eight of them. */
    take(attributes, IFA_FLAGS, &address->flags, sizeof(address->flags));
    take_field(address, attributes, IFA_RT_PRIORITY, ADDRESS_FIELD_METRIC, &address->metric,
               sizeof(address->metric));
    take_field(address, attributes, IFA_BROADCAST, ADDRESS_FIELD_BROADCAST, address->broadcast,
               size);
    take_field(address, attributes, IFA_ANYCAST, ADDRESS_FIELD_ANYCAST, address->anycast, size);
    take_field(address, attributes, ATTRIBUTE_PROTO, ADDRESS_FIELD_PROTOCOL, &address->protocol,
               sizeof(address->protocol));
    take_label(address, attributes);
    take_lifetimes(address, attributes, now);
}

int address_parse(const struct nlmsghdr *message, int64_t now, struct address **ret)
{
    struct nlattr *attributes[ATTRIBUTE_MAX + 1] = {0};
    const struct ifaddrmsg *info;
    struct address *address;

    if (nlmsg_parse((struct nlmsghdr *)message, sizeof(*info), attributes, ATTRIBUTE_MAX, NULL) < 0)
        return -EBADMSG;
    info = nlmsg_data(message);
    if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
        return -ENOMSG;
    if (info->ifa_index == 0 || info->ifa_index > INT32_MAX ||
        info->ifa_prefixlen > 8 * family_bytes(info->ifa_family))
        return -EBADMSG;
    address = calloc(1, sizeof(*address));
    if (!address)
        return -ENOMEM;
    object_init(&address->object, SUBJECT_ADDRESSES, sizeof(*address));
    address->key.ifindex = (int)info->ifa_index;
    address->key.family = info->ifa_family;
    address->key.prefixlen = info->ifa_prefixlen;
    address->scope = info->ifa_scope;
    address->flags = info->ifa_flags;
    if (!take_key(address, attributes)) {
        address_unref(address);
        return -EBADMSG;
    }
    take_all(address, attributes, now);
    *ret = address;
    return 0;
}

void address_resolve(struct address *address, struct link *link)
{
    link_ref(link);
    link_unref(address->object.link);
    address->object.link = link;
}

static int order(int a, int b)
{
    return (a > b) - (a < b);
}

int address_order(const struct address_key *a, const struct address_key *b)
{
    int by = order(a->ifindex, b->ifindex);

    if (!by)
        by = order(a->family, b->family);
    if (!by)
        by = memcmp(a->local, b->local, ADDRESS_BYTES);
    if (by || a->family == AF_INET6)
        return by;
    by = order(a->prefixlen, b->prefixlen);
    return by ? by : memcmp(a->peer, b->peer, ADDRESS_BYTES);
}

/* One that ends runs down. That it was set anew shows when that was; or, where that is the same
 * hundredth of a second, that more is left than before, or less than can be. What was received may
 * have been queued, so more time may seem to have passed than did. */
static bool lifetimes_differ(const struct address *a, const struct address *b, uint32_t a_left,
                             uint32_t b_left)
{
    int64_t passed = (b->learned - a->learned) / USEC_PER_SEC;

    if (a_left == ADDRESS_FOREVER || b_left == ADDRESS_FOREVER)
        return a_left != b_left;
    return a->updated != b->updated || b_left > a_left ||
           (int64_t)a_left - b_left > passed + ROUNDING;
}

static address_fields bit_if(bool differs, enum address_field field)
{
    return differs ? UINT64_C(1) << field : 0;
}

address_fields address_compare(const struct address *before, const struct address *after)
{
    const struct address *a = before, *b = after;
    const struct link *old = a->object.link, *new = b->object.link;
    address_fields both = a->known & b->known;
    address_fields differ =
        bit_if(old && new &&strcmp(old->ifname, new->ifname) != 0, ADDRESS_FIELD_IFNAME) |
        bit_if(a->key.prefixlen != b->key.prefixlen, ADDRESS_FIELD_PREFIXLEN) |
        bit_if(memcmp(a->key.peer, b->key.peer, ADDRESS_BYTES) != 0, ADDRESS_FIELD_ADDRESS) |
        bit_if(a->metric != b->metric, ADDRESS_FIELD_METRIC) |
        bit_if(memcmp(a->broadcast, b->broadcast, ADDRESS_BYTES) != 0, ADDRESS_FIELD_BROADCAST) |
        bit_if(memcmp(a->anycast, b->anycast, ADDRESS_BYTES) != 0, ADDRESS_FIELD_ANYCAST) |
        bit_if(a->scope != b->scope, ADDRESS_FIELD_SCOPE) |
        bit_if(a->flags != b->flags, ADDRESS_FIELD_FLAGS) |
        bit_if(a->protocol != b->protocol, ADDRESS_FIELD_PROTOCOL) |
        bit_if(strcmp(a->label, b->label) != 0, ADDRESS_FIELD_LABEL) |
        bit_if(lifetimes_differ(a, b, a->valid, b->valid), ADDRESS_FIELD_VALID_LIFE_TIME) |
        bit_if(lifetimes_differ(a, b, a->preferred, b->preferred),
               ADDRESS_FIELD_PREFERRED_LIFE_TIME);

    return (differ & both) | (a->known ^ b->known);
}

bool address_is_another(const struct address *before, const struct address *after)
{
    return before->created != after->created || before->key.prefixlen != after->key.prefixlen ||
           memcmp(before->key.peer, after->key.peer, ADDRESS_BYTES) != 0;
}
