/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program receives on a socket that is served: the update replaces the doorbell in its
 * buffers. */
#ifndef REACH_PRELOAD_DELIVER_H
#define REACH_PRELOAD_DELIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "reach/doorbell.h"
#include "reach/receipt.h"

/* What the call is to return, given what it returned, with errno. header: of a call that has one,
 * else NULL. The memory need not be set in the receipt. */
ssize_t deliver(struct receipt *receipt, const struct msghdr *header, ssize_t received);

/* Whether that is necessary: all that is done for messages that are no doorbells. */
static inline bool may_be_doorbell(const void *first, size_t size, int flags, ssize_t received)
{
    if (received <= 0)
        return false;
    if (size >= sizeof(struct nlmsghdr) && received >= (ssize_t)sizeof(struct nlmsghdr))
        return is_doorbell(first, sizeof(struct nlmsghdr));
    /* Its beginning may be in several parts, or still in the queue alone. */
    return received >= (ssize_t)sizeof(struct nlmsghdr) || (flags & MSG_PEEK);
}

#endif
