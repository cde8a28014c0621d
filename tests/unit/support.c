/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/support.h"

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

struct nl_msg *new_message(int ifindex, uint16_t type, unsigned flags)
{
    struct ifinfomsg info = {.ifi_index = ifindex, .ifi_type = type, .ifi_flags = flags};
    struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, 0);

    assert_non_null(message);
    assert_int_equal(nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO), 0);
    return message;
}

struct nl_msg *named_message(int ifindex, const char *ifname)
{
    struct nl_msg *message = new_message(ifindex, ARPHRD_ETHER, 0);

    nla_put_string(message, IFLA_IFNAME, ifname);
    return message;
}

int parse_result(struct nl_msg *message)
{
    struct link *link = NULL;
    int r = link_parse(nlmsg_hdr(message), &link);

    if (r < 0)
        assert_null(link);
    link_unref(link);
    nlmsg_free(message);
    return r;
}

struct link *parse(struct nl_msg *message)
{
    struct link *link = NULL;

    assert_int_equal(link_parse(nlmsg_hdr(message), &link), 0);
    nlmsg_free(message);
    return link;
}

struct nlmsghdr *captured_message(const char *digits)
{
    size_t length = strlen(digits) / 2;
    unsigned char *bytes = malloc(length);

    assert_non_null(bytes);
    for (size_t i = 0; i < length; i++) {
        char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};

        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return (struct nlmsghdr *)(void *)bytes;
}

struct link *captured_link(const char *digits)
{
    struct nlmsghdr *message = captured_message(digits);
    struct link *link = NULL;

    assert_int_equal(link_parse(message, &link), 0);
    free(message);
    return link;
}

static void put_counted(struct nl_msg *message, const struct says *says)
{
    nla_put_u8(message, IFLA_CARRIER, says->carrier);
    nla_put_u32(message, IFLA_CARRIER_CHANGES, says->carrier_changes);
}

static void put_kind(struct nl_msg *message, const char *kind)
{
    struct nlattr *info = nla_nest_start(message, IFLA_LINKINFO);

    nla_put_string(message, IFLA_INFO_KIND, kind);
    nla_nest_end(message, info);
}

static void put_altname(struct nl_msg *message, const char *altname)
{
    struct nlattr *list = nla_nest_start(message, IFLA_PROP_LIST);

    nla_put_string(message, IFLA_ALT_IFNAME, altname);
    nla_nest_end(message, list);
}

struct link *make_link(const struct says *says)
{
    struct nl_msg *message =
        new_message(says->ifindex, says->type ? says->type : ARPHRD_ETHER, says->flags);

    nla_put_string(message, IFLA_IFNAME, says->ifname);
    if (says->mtu)
        nla_put_u32(message, IFLA_MTU, says->mtu);
    if (says->master)
        nla_put_u32(message, IFLA_MASTER, (uint32_t)says->master);
    if (says->lower)
        nla_put_u32(message, IFLA_LINK, (uint32_t)says->lower);
    if (says->kind)
        put_kind(message, says->kind);
    if (says->alias)
        nla_put_string(message, IFLA_IFALIAS, says->alias);
    if (says->altname)
        put_altname(message, says->altname);
    if (says->counted)
        put_counted(message, says);
    if (says->mac)
        nla_put(message, IFLA_ADDRESS, 6, (uint8_t[]){2, 0, 0, 0, 0, says->mac});
    if (says->operstate)
        nla_put_u8(message, IFLA_OPERSTATE, says->operstate);
    return parse(message);
}

unsigned roll(struct dice *dice, unsigned limit)
{
    /* Knuth's linear congruential generator; its upper bits are the random ones. */
    dice->state = dice->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((dice->state >> 33) % limit);
}

static int64_t ticks;

int64_t tick(void)
{
    return ticks++;
}

struct slice slice_of(int64_t checks)
{
    return (struct slice){.clock = tick, .end = ticks + checks - 1};
}
