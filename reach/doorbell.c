/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/doorbell.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK_INDEX 1

static int send_request(int fd, const void *request, size_t size)
{
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

    if (sendto(fd, request, size, MSG_DONTWAIT, (const struct sockaddr *)&kernel, sizeof(kernel)) <
        0)
        return -errno;
    return 0;
}

static int ask_for_acknowledgement(int fd)
{
    const struct nlmsghdr request = {.nlmsg_len = sizeof(request),
                                     .nlmsg_type = NLMSG_NOOP,
                                     .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
                                     .nlmsg_seq = DOORBELL};

    return send_request(fd, &request, sizeof(request));
}

static int ask_for_loopback(int fd)
{
    const struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
        struct rtattr attribute;
        uint32_t mask;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = DOORBELL},
        .info = {.ifi_family = AF_UNSPEC, .ifi_index = LOOPBACK_INDEX},
        /* The shorter the answer is, the better. */
        .attribute = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK},
        .mask = RTEXT_FILTER_SKIP_STATS,
    };

    return send_request(fd, &request, sizeof(request));
}

bool doorbell_is_acknowledgement(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct nlmsghdr answer;
    bool is;

    if (fd < 0)
        return false;
    /* Linux answers before the call returns. */
    is = ask_for_acknowledgement(fd) >= 0 &&
         recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) == sizeof(answer) &&
         is_doorbell(&answer, sizeof(answer));
    close(fd);
    return is;
}

int doorbell_ring(int fd, bool is_acknowledgement)
{
    return is_acknowledgement ? ask_for_acknowledgement(fd) : ask_for_loopback(fd);
}
