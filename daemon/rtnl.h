/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rtnetlink socket: joins groups, requests dumps, and receives. Does not interpret the
 * messages, but passes each to one handler. Everything is received on one socket, so that the
 * kernel's order of dumps and notifications is kept. */
#ifndef LINKWATCH_DAEMON_RTNL_H
#define LINKWATCH_DAEMON_RTNL_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

enum rtnl_event {
    RTNL_NOTIFICATION, /* an RTM_NEW* or RTM_DEL* that the kernel sent by itself */
    RTNL_DUMP_LINE,    /* an RTM_NEW* that belongs to the requested dump */
    RTNL_DUMP_DONE,    /* the dump is complete */
    RTNL_DUMP_FAILED,  /* the dump is over and not complete; error says why, -EINTR that
                        * objects changed meanwhile (NLM_F_DUMP_INTR) */
    RTNL_ANSWER,       /* an RTM_NEWLINK that answers the query for one link */
    RTNL_ERROR,        /* the query was answered with an error; -ENODEV: there is none */
    RTNL_OVERRUN,      /* the kernel had to drop messages */
    RTNL_MALFORMED,    /* a message that can't be one, or not from the kernel */
};

/* message is NULL but for those with a type, and valid during the call. */
typedef void (*rtnl_handler)(void *user, enum rtnl_event event, const struct nlmsghdr *message,
                             int error);

struct rtnl;

/* Where datagrams are received, one after the other, by any number of sockets. NULL without memory.
 */
struct rtnl_room;
struct rtnl_room *rtnl_room_new(void);
struct rtnl_room *rtnl_room_free(struct rtnl_room *room);

/* Opens a non-blocking socket, or uses the one that is given (else -1), which it takes, but not on
 * failure. Its receive buffer is as large as receive_buffer bytes where an unprivileged process may
 * have that, else as large as it may. -errno of the system call. */
int rtnl_open(int fd, size_t receive_buffer, struct rtnl_room *room, rtnl_handler handler,
              void *user, struct rtnl **ret);

/* Closes it. Takes NULL; always NULL. */
struct rtnl *rtnl_close(struct rtnl *rtnl);

/* The descriptor, to be watched for reading. */
int rtnl_fd(const struct rtnl *rtnl);

/* Size of the receive buffer in bytes as the kernel set it (SO_RCVBUF, which
 * counts its own overhead too), or -errno. */
int rtnl_receive_buffer(const struct rtnl *rtnl);

/* Joins groups (RTNLGRP_*), of which 0 ends the list, all or none; and leaves them. -errno of the
 * system call. */
int rtnl_join(struct rtnl *rtnl, const int *groups);
void rtnl_leave(struct rtnl *rtnl, const int *groups);

/* Requests a dump: RTM_GETLINK of all links, RTM_GETADDR of all addresses. One at a time: -EBUSY
 * while one is under way. And does not wait any more for the end of that one. */
int rtnl_ask_dump(struct rtnl *rtnl, uint16_t type);
void rtnl_give_up_dump(struct rtnl *rtnl);

/* Queries one link. One query at a time: the answer to an earlier one is dropped. */
int rtnl_ask_link(struct rtnl *rtnl, int ifindex);

/* Receives a datagram and hands its messages to the handler. 1 if there may be another one, 0 if
 * not, -errno if the socket is of no use any more. */
int rtnl_receive(struct rtnl *rtnl);

#endif
