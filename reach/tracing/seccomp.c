/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* The same for all: what is called is read from the registers. */
#define TRACE SCMP_ACT_TRACE(1)

/* Where FD_SETSIZE ends. */
#define HIGHEST_LIMIT 1024
#define LOWEST_LIMIT  64
#define PART_OF_LIMIT 8

/* A container engine has a socket for each container. The kernel's table of a process's files is as
 * long as its highest number. */
#define FAR_COUNT     4096
#define FAR_END_LIMIT 32768

static int highest_power(rlim_t limit)
{
    int highest = HIGHEST_LIMIT;

    while (highest >= LOWEST_LIMIT && (rlim_t)highest > limit)
        highest /= 2;
    return highest;
}

int range_choose(struct range *ret)
{
    struct rlimit limit;
    int highest, parts;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    highest = highest_power(limit.rlim_cur);
    if (highest < LOWEST_LIMIT)
        return -EMFILE;
    parts = (int)(limit.rlim_max < FAR_END_LIMIT ? limit.rlim_max : FAR_END_LIMIT) / FAR_COUNT;
    *ret = (struct range){
        .first = highest - highest / PART_OF_LIMIT,
        .count = highest / PART_OF_LIMIT,
        .far = parts >= 2 ? (parts - 1) * FAR_COUNT : 0,
        .far_count = parts >= 2 ? FAR_COUNT : 0,
    };
    return 0;
}

bool range_has(const struct range *range, int fd)
{
    return (fd >= range->first && fd < range->first + range->count) ||
           (fd >= range->far && fd < range->far + range->far_count);
}

/* rtnetlink sockets are made. The protocol is an argument of the same width as fd. */
static int trace_sockets(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, TRACE, SCMP_SYS(socket), 2,
                            SCMP_A0_32(SCMP_CMP_EQ, AF_NETLINK, 0),
                            SCMP_A2_32(SCMP_CMP_EQ, NETLINK_ROUTE, 0));
}

/* Subscriptions. A filter can't see the address of a bind, but its length: those of the
 * internet are longer. */
static int trace_subscriptions(scmp_filter_ctx filter)
{
    static const int options[] = {NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_PKTINFO};
    int r = seccomp_rule_add(filter, TRACE, SCMP_SYS(bind), 1,
                             SCMP_A2_32(SCMP_CMP_EQ, sizeof(struct sockaddr_nl), 0));

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && r >= 0; i++)
        r = seccomp_rule_add(filter, TRACE, SCMP_SYS(setsockopt), 2,
                             SCMP_A1_32(SCMP_CMP_EQ, SOL_NETLINK, 0),
                             SCMP_A2_32(SCMP_CMP_EQ, (unsigned)options[i], 0));
    return r;
}

/* What is done with the sockets that were moved. */
static int trace_part(scmp_filter_ctx filter, int first, int count)
{
    static const int calls[] = {
        SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmmsg), SCMP_SYS(read),
        SCMP_SYS(readv),   SCMP_SYS(sendto),   SCMP_SYS(sendmsg),  SCMP_SYS(sendmmsg),
        SCMP_SYS(close),   SCMP_SYS(dup),      SCMP_SYS(dup2),     SCMP_SYS(dup3),
    };
    static const unsigned copies[] = {F_DUPFD, F_DUPFD_CLOEXEC};
    unsigned mask = ~((unsigned)count - 1);
    const struct scmp_arg_cmp is_there = SCMP_A0_32(SCMP_CMP_MASKED_EQ, mask, (unsigned)first);
    int r = 0;

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && r >= 0; i++)
        r = seccomp_rule_add(filter, TRACE, calls[i], 1, is_there);
    for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]) && r >= 0; i++)
        r = seccomp_rule_add(filter, TRACE, SCMP_SYS(fcntl), 2, is_there,
                             SCMP_A1_32(SCMP_CMP_EQ, copies[i], 0));
    return r;
}

static int trace_range(scmp_filter_ctx filter, const struct range *range)
{
    int r = trace_part(filter, range->first, range->count);

    if (r < 0 || range->far_count == 0)
        return r;
    return trace_part(filter, range->far, range->far_count);
}

/* A filter of the program's own comes. Without one, the call only asks which flags there are, as
 * libseccomp does whenever it is first used. */
static int trace_filters(scmp_filter_ctx filter)
{
    int r = seccomp_rule_add(filter, TRACE, SCMP_SYS(prctl), 1,
                             SCMP_A0_32(SCMP_CMP_EQ, PR_SET_SECCOMP, 0));

    if (r >= 0)
        r = seccomp_rule_add(filter, TRACE, SCMP_SYS(seccomp), 2,
                             SCMP_A0_32(SCMP_CMP_EQ, SECCOMP_SET_MODE_FILTER, 0),
                             SCMP_A2_64(SCMP_CMP_NE, 0, 0));
    return r;
}

static int prepare(scmp_filter_ctx filter, const struct range *range)
{
    /* Programs of another architecture run as they are. */
    int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);

    if (r >= 0)
        r = trace_sockets(filter);
    if (r >= 0)
        r = trace_subscriptions(filter);
    if (r >= 0)
        r = trace_range(filter, range);
    if (r >= 0)
        r = trace_filters(filter);
    return r;
}

/* Privileged, it needs not give up anything. */
static int load(scmp_filter_ctx filter)
{
    int r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);

    if (r < 0)
        return r;
    r = seccomp_load(filter);
    if (r != -EACCES && r != -ECANCELED)
        return r;
    r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1);
    return r < 0 ? r : seccomp_load(filter);
}

int filter_install(const struct range *range)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int r;

    if (!filter)
        return -ENOMEM;
    r = prepare(filter, range);
    if (r >= 0)
        r = load(filter);
    seccomp_release(filter);
    return r;
}
