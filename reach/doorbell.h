/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The doorbell, for those who ring it and those who receive it: the kernel's answer to
 * a request that bears a certain sequence number. Where the kernel acknowledges what does
 * nothing (Linux), it is that acknowledgement, which readers pass over: a holder of the
 * socket of whom we don't know may receive it. Elsewhere (gVisor) it is the answer to a
 * request for the link lo. */
#ifndef REACH_DOORBELL_H
#define REACH_DOORBELL_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* No request of the program's bears it, as far as chance goes. */
#define DOORBELL 0x6c77d00bU

/* What takes its place if there is no update any more. */
#define DOORBELL_NOTHING                                               \
    {                                                                  \
        .nlmsg_len = sizeof(struct nlmsghdr), .nlmsg_type = NLMSG_NOOP \
    }

/* Whether a message of which these bytes were received is one. */
static inline bool is_doorbell(const void *data, size_t size)
{
    struct nlmsghdr header;

    if (size < sizeof(header))
        return false;
    memcpy(&header, data, sizeof(header));
    return header.nlmsg_seq == DOORBELL &&
           (header.nlmsg_type == RTM_NEWLINK || header.nlmsg_type == NLMSG_ERROR);
}

/* Whether this kernel acknowledges what does nothing. */
bool doorbell_is_acknowledgement(void);

/* Rings on that socket. The request is ours and needs no right: it makes no difference that it
 * is sent with our credentials. */
int doorbell_ring(int fd, bool is_acknowledgement);

#endif
