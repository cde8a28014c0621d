/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides the result of a program's calls on an rtnetlink socket if the kernel denies a part. Pure.
 *
 * For each socket, it records the groups that the program asked for, and those that the kernel
 * granted to the same call. A kernel may accept RTNLGRP_LINK alone and refuse it together with
 * other groups, accept one group and refuse another, or accept a group and send only some updates.
 */
#ifndef REACH_POLICY_H
#define REACH_POLICY_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>

/* The groups whose updates linkwatchd can supply: links, IPv4 and IPv6 addresses. */
#define POLICY_GROUPS (RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)

/* Groups are masks, RTMGRP_*, of those. */
struct membership {
    uint32_t wanted;  /* the program is subscribed to them */
    uint32_t granted; /* by the kernel, which sends updates itself, if not all of them */
    bool pktinfo;     /* the program set NETLINK_PKTINFO, which the kernel refused */
};

/* The mask of one group; 0 if the group is not in masks. */
static inline uint32_t policy_mask(uint32_t group)
{
    return group >= 1 && group <= 32 ? UINT32_C(1) << (group - 1) : 0;
}

enum attempt_kind {
    ATTEMPT_BIND,    /* the value is the mask of groups */
    ATTEMPT_JOIN,    /* NETLINK_ADD_MEMBERSHIP of the group that the value is */
    ATTEMPT_LEAVE,   /* NETLINK_DROP_MEMBERSHIP */
    ATTEMPT_PKTINFO, /* NETLINK_PKTINFO, on unless the value is 0 */
    ATTEMPT_SEND     /* to an address, of which the value is the mask of groups */
};

/* A call of the program, and the errno that the kernel returned, or 0. */
struct attempt {
    enum attempt_kind kind;
    uint32_t value;
    int error;
};

/* The kind of attempt of a SOL_NETLINK option; false for other options. */
bool policy_option(int option, enum attempt_kind *ret);

/* Whether that errno means that the call is not permitted or not supported, rather than wrong. */
bool policy_is_denial(int error);

/* A request that the kernel ignores. It binds a socket that sends one, also where bind() is
 * denied; an unbound socket receives no updates. */
#define POLICY_BINDING_REQUEST                                          \
    {                                                                   \
        .nlmsg_len = sizeof(struct nlmsghdr), .nlmsg_type = NLMSG_NOOP, \
        .nlmsg_flags = NLM_F_REQUEST                                    \
    }

struct ruling {
    int error;    /* the errno that the program gets, or 0 */
    bool changes; /* the socket is to be served according to this: */
    struct membership membership;
    bool repeats; /* before that, the call is to be repeated with these groups in its address: */
    uint32_t groups;
    bool passes_over; /* it joined other groups, whose updates will not arrive */
};

/* Whether a socket that is not served yet may have to be served after such a call. */
bool policy_may_serve(const struct attempt *attempt);

/* A socket that isn't served yet has the membership {0}. */
struct ruling policy_rule(const struct attempt *attempt, const struct membership *now);

#endif
