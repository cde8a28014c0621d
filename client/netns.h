/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel can do with netlink sockets of another network namespace. */
#ifndef LINKWATCH_CLIENT_NETNS_H
#define LINKWATCH_CLIENT_NETNS_H

/* 0, or -EOPNOTSUPP where the kernel answers a request for the network namespace of whoever
 * sends it, not for that of the socket: then a socket can't be handed to linkwatchd. */
int netns_check(void);

#endif
