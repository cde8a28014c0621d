/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/address_update.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

/* Since Linux 5.18; older headers don't have it. */
#define PROTO 11

#define ADDRESS_SIZE sizeof(struct in6_addr)

/* All attributes: five addresses, a label, a protocol, two words and the lifetimes. */
#define LABEL_SIZE 16
#define ROOM                                                                                       \
    (NLMSG_SPACE(sizeof(struct ifaddrmsg)) + 5 * RTA_SPACE(ADDRESS_SIZE) + RTA_SPACE(LABEL_SIZE) + \
     RTA_SPACE(sizeof(uint8_t)) + 2 * RTA_SPACE(sizeof(uint32_t)) +                                \
     RTA_SPACE(sizeof(struct ifa_cacheinfo)))

static int64_t number(const struct linkwatch_address *address, int field)
{
    int64_t value;

    return linkwatch_address_get_integer(address, field, &value) < 0 ? 0 : value;
}

uint32_t address_update_group(const struct linkwatch_address *address)
{
    switch (number(address, LINKWATCH_ADDRESS_FIELD_FAMILY)) {
    case AF_INET:
        return RTNLGRP_IPV4_IFADDR;
    case AF_INET6:
        return RTNLGRP_IPV6_IFADDR;
    }
    return 0;
}

static int family_of(const struct update *update)
{
    return update->group == RTNLGRP_IPV4_IFADDR ? AF_INET : AF_INET6;
}

/* Whether the field has an IP address. */
static bool has_ip(const struct linkwatch_address *address, int field)
{
    const char *text;

    return linkwatch_address_get_string(address, field, &text) >= 0;
}

static void put_ip(struct update *update, unsigned type, const struct linkwatch_address *address,
                   int field)
{
    int family = family_of(update);
    unsigned char bytes[ADDRESS_SIZE];
    const char *text;

    if (linkwatch_address_get_string(address, field, &text) >= 0 &&
        inet_pton(family, text, bytes) == 1)
        update_put(update, type, bytes, family == AF_INET ? sizeof(struct in_addr) : sizeof(bytes));
}

static void put_word(struct update *update, unsigned type, const struct linkwatch_address *address,
                     int field)
{
    int64_t value;
    uint32_t word;

    if (linkwatch_address_get_integer(address, field, &value) < 0)
        return;
    word = (uint32_t)value;
    update_put(update, type, &word, sizeof(word));
}

static void put_label(struct update *update, const struct linkwatch_address *address)
{
    const char *label;

    if (linkwatch_address_get_string(address, LINKWATCH_ADDRESS_FIELD_LABEL, &label) >= 0 &&
        strlen(label) < LABEL_SIZE)
        update_put(update, IFA_LABEL, label, strlen(label) + 1);
}

static void put_protocol(struct update *update, const struct linkwatch_address *address)
{
    uint8_t protocol = (uint8_t)number(address, LINKWATCH_ADDRESS_FIELD_PROTOCOL);

    if (protocol)
        update_put(update, PROTO, &protocol, sizeof(protocol));
}

static void put_lifetimes(struct update *update, const struct linkwatch_address *address)
{
    struct ifa_cacheinfo info = {0};
    int64_t valid, preferred;

    if (linkwatch_address_get_integer(address, LINKWATCH_ADDRESS_FIELD_VALID_LIFE_TIME, &valid) <
            0 ||
        linkwatch_address_get_integer(address, LINKWATCH_ADDRESS_FIELD_PREFERRED_LIFE_TIME,
                                      &preferred) < 0)
        return;
    info.ifa_valid = (uint32_t)valid;
    info.ifa_prefered = (uint32_t)preferred;
    update_put(update, IFA_CACHEINFO, &info, sizeof(info));
}

/* In the order in which Linux puts them. */
static void put_inet(struct update *update, const struct linkwatch_address *address)
{
    bool has_peer = has_ip(address, LINKWATCH_ADDRESS_FIELD_ADDRESS);

    put_ip(update, IFA_ADDRESS, address,
           has_peer ? LINKWATCH_ADDRESS_FIELD_ADDRESS : LINKWATCH_ADDRESS_FIELD_LOCAL);
    put_ip(update, IFA_LOCAL, address, LINKWATCH_ADDRESS_FIELD_LOCAL);
    put_ip(update, IFA_BROADCAST, address, LINKWATCH_ADDRESS_FIELD_BROADCAST);
    put_label(update, address);
    put_protocol(update, address);
    put_word(update, IFA_FLAGS, address, LINKWATCH_ADDRESS_FIELD_FLAGS);
    put_word(update, IFA_RT_PRIORITY, address, LINKWATCH_ADDRESS_FIELD_METRIC);
    put_lifetimes(update, address);
}

static void put_inet6(struct update *update, const struct linkwatch_address *address)
{
    if (has_ip(address, LINKWATCH_ADDRESS_FIELD_ADDRESS)) {
        put_ip(update, IFA_LOCAL, address, LINKWATCH_ADDRESS_FIELD_LOCAL);
        put_ip(update, IFA_ADDRESS, address, LINKWATCH_ADDRESS_FIELD_ADDRESS);
    } else {
        put_ip(update, IFA_ADDRESS, address, LINKWATCH_ADDRESS_FIELD_LOCAL);
    }
    put_ip(update, IFA_ANYCAST, address, LINKWATCH_ADDRESS_FIELD_ANYCAST);
    put_word(update, IFA_RT_PRIORITY, address, LINKWATCH_ADDRESS_FIELD_METRIC);
    put_lifetimes(update, address);
    put_word(update, IFA_FLAGS, address, LINKWATCH_ADDRESS_FIELD_FLAGS);
    put_protocol(update, address);
}

struct update *address_update(const struct linkwatch_address *address, uint16_t type)
{
    uint32_t group = address_update_group(address);
    struct update *update = group ? update_new(group, ROOM) : NULL;
    struct ifaddrmsg *message;

    if (!update)
        return NULL;
    update->size = NLMSG_SPACE(sizeof(*message));
    message = NLMSG_DATA((struct nlmsghdr *)(void *)update->data);
    *message = (struct ifaddrmsg){
        .ifa_family = (uint8_t)family_of(update),
        .ifa_prefixlen = (uint8_t)number(address, LINKWATCH_ADDRESS_FIELD_PREFIXLEN),
        .ifa_flags = (uint8_t)number(address, LINKWATCH_ADDRESS_FIELD_FLAGS),
        .ifa_scope = (uint8_t)number(address, LINKWATCH_ADDRESS_FIELD_SCOPE),
        .ifa_index = (uint32_t)linkwatch_address_ifindex(address),
    };
    if (message->ifa_family == AF_INET)
        put_inet(update, address);
    else
        put_inet6(update, address);
    update_finish(update, type);
    return update;
}
