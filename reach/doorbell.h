/* The doorbell, as those who ring it and those who hear it know it: the kernel's answer to
 * a request for lo that bears a certain sequence number. */
#ifndef REACH_DOORBELL_H
#define REACH_DOORBELL_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* No request of the program's bears it, as far as chance goes. */
#define DOORBELL 0x6c77d00bU

/* What takes its place if there is nothing to be told any more. */
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

#endif
