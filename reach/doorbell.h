/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The doorbell: the kernel's reply to a request with a specific sequence number. If the kernel
 * acknowledges an NLMSG_NOOP (Linux), it is that acknowledgement, which readers ignore, because it
 * may also be received by a process that is not known to linkwatch-run. Otherwise (gVisor), it is
 * the reply to a query for the link lo. */
#ifndef REACH_DOORBELL_H
#define REACH_DOORBELL_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* It is unlikely in the program's own requests. */
#define DOORBELL 0x6c77d00bU

/* Replaces the doorbell if there is no update any more. */
#define DOORBELL_NOTHING                                               \
    {                                                                  \
        .nlmsg_len = sizeof(struct nlmsghdr), .nlmsg_type = NLMSG_NOOP \
    }

/* Whether a message that begins with these bytes is one. */
static inline bool is_doorbell(const void *data, size_t size)
{
    struct nlmsghdr header;

    if (size < sizeof(header))
        return false;
    memcpy(&header, data, sizeof(header));
    return header.nlmsg_seq == DOORBELL &&
           (header.nlmsg_type == RTM_NEWLINK || header.nlmsg_type == NLMSG_ERROR);
}

/* Whether this kernel acknowledges an NLMSG_NOOP. */
bool doorbell_is_acknowledgement(void);

/* Rings on that socket. The request needs no privilege, so that our credentials do not matter. */
int doorbell_ring(int fd, bool is_acknowledgement);

#endif
