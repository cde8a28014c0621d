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
    RTNL_NOTIFICATION, /* an RTM_NEW* or RTM_DEL* that the kernel sent without a request */
    RTNL_DUMP_LINE,    /* an RTM_NEW* that belongs to the requested dump */
    RTNL_DUMP_DONE,    /* the dump is complete */
    RTNL_DUMP_FAILED,  /* the dump ended incomplete; error is the reason, -EINTR if objects changed
                        * meanwhile (NLM_F_DUMP_INTR) */
    RTNL_ANSWER,       /* an RTM_NEWLINK in reply to the query for one link */
    RTNL_ERROR,        /* the reply to the query is an error; -ENODEV: there is no such link */
    RTNL_OVERRUN,      /* the kernel had to drop messages */
    RTNL_MALFORMED,    /* a malformed message, or one that is not from the kernel */
};

/* message is NULL except for events with a message type, and valid during the call. */
typedef void (*rtnl_handler)(void *user, enum rtnl_event event, const struct nlmsghdr *message,
                             int error);

struct rtnl;

/* The buffer in which all sockets receive, one datagram at a time. NULL if out of memory. */
struct rtnl_room;
struct rtnl_room *rtnl_room_new(void);
struct rtnl_room *rtnl_room_free(struct rtnl_room *room);

/* Opens a non-blocking socket, or takes ownership of fd (unless -1), but not on failure. The size
 * of its receive buffer is receive_buffer bytes, or as close to it as an unprivileged process is
 * permitted. -errno of the system call. */
int rtnl_open(int fd, size_t receive_buffer, struct rtnl_room *room, rtnl_handler handler,
              void *user, struct rtnl **ret);

/* Closes it. Accepts NULL, and always returns NULL. */
struct rtnl *rtnl_close(struct rtnl *rtnl);

/* The descriptor, to be polled for reading. */
int rtnl_fd(const struct rtnl *rtnl);

/* The size of the receive buffer in bytes as the kernel set it (SO_RCVBUF, including the kernel's
 * overhead), or -errno. */
int rtnl_receive_buffer(const struct rtnl *rtnl);

/* Joins all or none of the groups (RTNLGRP_*) in a list that ends with 0; leaves them. -errno of
 * the system call. */
int rtnl_join(struct rtnl *rtnl, const int *groups);
void rtnl_leave(struct rtnl *rtnl, const int *groups);

/* Requests a dump: RTM_GETLINK of all links, RTM_GETADDR of all addresses. -EBUSY while one is in
 * progress. The second function stops waiting for its end. */
int rtnl_ask_dump(struct rtnl *rtnl, uint16_t type);
void rtnl_give_up_dump(struct rtnl *rtnl);

/* Queries one link. A reply to an earlier query is dropped. */
int rtnl_ask_link(struct rtnl *rtnl, int ifindex);

/* Receives a datagram, and passes its messages to the handler. 1 if there may be another one, 0 if
 * not, -errno if the socket is no longer usable. */
int rtnl_receive(struct rtnl *rtnl);

#endif
