/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the unit tests share: cmocka, and links made from what a test wants to say of
 * them. */
#ifndef LINKWATCH_TESTS_UNIT_SUPPORT_H
#define LINKWATCH_TESTS_UNIT_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "daemon/link.h"
#include "daemon/slice.h"
#include "tests/unit/unit_test.h"

/* An RTM_NEWLINK message of that link, without any attribute. */
struct nl_msg *new_message(int ifindex, uint16_t type, unsigned flags);

/* The same with IFLA_IFNAME, type ether. */
struct nl_msg *named_message(int ifindex, const char *ifname);

/* Parses a message and frees it. */
int parse_result(struct nl_msg *message);
struct link *parse(struct nl_msg *message);

/* A message of captured.h, in memory that ends where it does; to be freed. */
struct nlmsghdr *captured_message(const char *digits);
struct link *captured_link(const char *digits);

/* What a message says of a link; members that are 0 are left out. */
struct says {
    int ifindex;
    const char *ifname;
    uint16_t type; /* ARPHRD_ETHER if 0 */
    unsigned flags;
    uint32_t mtu;
    int master;
    int lower;
    const char *kind;
    const char *alias;
    const char *altname;
    bool counted; /* the next three are there */
    bool carrier;
    uint32_t carrier_changes;
    uint8_t operstate;
    uint8_t mac; /* the last byte of the address */
};

struct link *make_link(const struct says *says);

/* A new link, with one reference: LINK(.ifindex = 2, .ifname = "a"). */
#define LINK(...) make_link(&(struct says){__VA_ARGS__})

/* A generator of pseudo-random numbers below limit, the same in each run. */
struct dice {
    uint64_t state;
};
unsigned roll(struct dice *dice, unsigned limit);

/* A slice that is over after so many checks. Each check takes a microsecond of this
 * clock. */
int64_t tick(void);
struct slice slice_of(int64_t checks);

#endif
