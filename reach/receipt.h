/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a call of the program received, and where in its memory: a doorbell is replaced by an update
 * there. The tracer and the preloaded library access that memory in different ways.
 *
 * An update was sent to a group, which the sender's address and NETLINK_PKTINFO show to the
 * program; a reply of the kernel, such as the doorbell, was not. */
#ifndef REACH_RECEIPT_H
#define REACH_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Functions that copy from and to the program's memory; false if that is not possible. */
struct receipt_memory {
    bool (*read)(pid_t tid, uint64_t address, void *data, size_t size);
    bool (*write)(pid_t tid, uint64_t address, const void *data, size_t size);
};

struct receipt {
    const struct receipt_memory *memory;
    pid_t tid;                 /* for these functions */
    int fd;                    /* the socket, or a duplicate of it */
    const struct iovec *parts; /* the addresses are the program's, the array is ours */
    size_t count;
    int flags;       /* of the call */
    bool has_others; /* the call received other messages as well */
    uint64_t name;   /* of the sender's address, 0 for none */
    size_t name_size;
    uint64_t header;       /* of the struct msghdr, 0 for none */
    struct msghdr message; /* a copy of that */
    size_t control_room;   /* msg_controllen before the call, 0 if that is unknown */
};

/* What the program receives instead of the doorbell. */
struct exchange {
    const void *data; /* NULL if it is in the program's memory already */
    size_t size;
    uint32_t group;  /* to which it was sent, 0 for none */
    bool adds_group; /* the program wants NETLINK_PKTINFO, which the kernel refused */
};

/* The total size of the parts. */
size_t receipt_parts_size(const struct iovec *parts, size_t count);

/* Reads the struct msghdr at that address. If that is not possible the receipt has none. */
bool receipt_read_header(struct receipt *receipt, uint64_t header);

/* Whether the message of that size is a doorbell. Leaves errno as it is and is no cancellation
 * point. */
bool receipt_has_doorbell(const struct receipt *receipt, size_t received);

/* Replaces the doorbell. Returns the size that the call is to return. */
size_t receipt_put(const struct receipt *receipt, const struct exchange *exchange);

/* Adds NETLINK_PKTINFO without a group to a reply, where the kernel refused that option. */
void receipt_add_no_group(const struct receipt *receipt);

#endif
