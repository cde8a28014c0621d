/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library does about subscriptions: those that the kernel denies, the helper makes.
 *
 * Each gets what the program's own call came to, as errno or 0, and gives what the program
 * is to see in the same way. */
#ifndef REACH_PRELOAD_SUBSCRIBE_H
#define REACH_PRELOAD_SUBSCRIBE_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

int subscribe_by_bind(int fd, const struct sockaddr *address, socklen_t size, int error);
/* An option of SOL_NETLINK. */
int subscribe_by_option(int fd, int option, const void *value, socklen_t size, int error);

/* Whether the program was granted NETLINK_PKTINFO by us, where the kernel refused it. */
bool subscribe_adds_groups(void);

/* Some send to the address that they subscribed with, groups and all, which is denied where
 * subscribing is: sends to the kernel alone, with the result and errno of that. */
ssize_t subscribe_send(int fd, const void *data, size_t size, int flags,
                       const struct sockaddr *address, socklen_t address_size);
ssize_t subscribe_send_message(int fd, const struct msghdr *header, int flags);

#endif
