/* What the program receives on a socket that is told of links: the doorbell in its buffers
 * becomes the message that it stands for. */
#ifndef REACH_PRELOAD_DELIVER_H
#define REACH_PRELOAD_DELIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "reach/preload/ask.h"

/* A call that received: on which descriptor, to where, and with which flags. */
struct receipt {
    int fd;
    struct room room;
    int flags;
    bool whole;               /* a loss can't be told by this one's result */
    struct msghdr *header;    /* NULL for none */
    struct sockaddr *address; /* of the sender, NULL for none */
    const socklen_t *address_size;
};

/* What the call is to return, given what it returned, with errno. Costs a look at a few
 * bytes unless it is a doorbell. */
ssize_t deliver(const struct receipt *receipt, ssize_t received);

/* The inode of a netlink socket, 0 for anything else. */
uint64_t deliver_inode(int fd);

#endif
