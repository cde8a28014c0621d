/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands between the program and the system: clocks that stand still, and netlink
 * sockets with the test at their other end. The definitions take the place of the C
 * library's, for libnl and libev too. */
#ifndef LINKWATCH_TESTS_MODEL_NETLINK_H
#define LINKWATCH_TESTS_MODEL_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Faults are positive errnos, 0 for none. */
struct netlink {
    int64_t now;      /* microseconds, of all clocks; 0: they go on */
    int64_t realtime; /* how much later the wall clock is */
    /* The microseconds that it has gone on since this was called last, by something else than the
     * system calls that are seen here, each of which takes one; NULL: it stands still. */
    int64_t (*elapse)(void);

    int socket_error;
    int join_error;
    int address_join_error;
    bool joined;
    bool joined_addresses;
    int receive_error; /* of the next receive */
    bool overrun;      /* the next receive returns that messages were lost */
    bool congested;    /* notifications are dropped until the queue is seen empty */

    int theirs; /* the test's end of the last socket that was opened, -1 for none */
    uint32_t port;
};

/* From now on; there is one at a time. */
void netlink_start(struct netlink *netlink);
void netlink_stop(struct netlink *netlink);

/* An address for a consumer's socket that makes it one of that user; its length. */
socklen_t netlink_peer_address(uid_t uid, struct sockaddr_un *ret);

/* Puts a datagram into the socket; false if there is no room, or no socket. */
bool netlink_send(const struct netlink *netlink, const void *data, size_t size);

/* Takes a datagram that was sent; its size, 0 if there is none. */
size_t netlink_receive(const struct netlink *netlink, void *data, size_t size);

#endif
