/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program receives on a socket that is served: the doorbell in its buffers
 * becomes the message that it stands for. */
#ifndef REACH_PRELOAD_DELIVER_H
#define REACH_PRELOAD_DELIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "reach/doorbell.h"
#include "reach/preload/ask.h"

/* A call that received: on which descriptor, to where, and with which flags. */
struct receipt {
    int fd;
    struct room room;
    int flags;
    bool whole;               /* a loss can't be reported by this one's result */
    struct msghdr *header;    /* NULL for none */
    size_t control_room;      /* what it held at first */
    struct sockaddr *address; /* of the sender, NULL for none */
    const socklen_t *address_size;
};

/* What the call is to return, given what it returned, with errno. */
ssize_t deliver(const struct receipt *receipt, ssize_t received);

/* Whether that is worth while: all that is done for what is none of our business. */
static inline bool may_be_doorbell(const void *first, size_t size, int flags, ssize_t received)
{
    if (received <= 0)
        return false;
    if (size >= sizeof(struct nlmsghdr) && received >= (ssize_t)sizeof(struct nlmsghdr))
        return is_doorbell(first, sizeof(struct nlmsghdr));
    /* Its beginning may be in several parts, or still in the queue alone. */
    return received >= (ssize_t)sizeof(struct nlmsghdr) || (flags & MSG_PEEK);
}

/* The inode of an rtnetlink socket, 0 for anything else. */
uint64_t deliver_inode(int fd);

#endif
