/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's part of subscriptions: asks the helper for a ruling on each call.
 *
 * Each function is passed the result of the program's own call, as an errno or 0, and returns the
 * result for the program in the same form. */
#ifndef REACH_PRELOAD_SUBSCRIBE_H
#define REACH_PRELOAD_SUBSCRIBE_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

int subscribe_by_bind(int fd, const struct sockaddr *address, socklen_t size, int error);
/* An option of SOL_NETLINK. */
int subscribe_by_option(int fd, int option, const void *value, socklen_t size, int error);

/* Whether this process set NETLINK_PKTINFO, which the kernel may have refused. */
bool subscribe_adds_groups(void);

/* A send failed. Repeats it as the helper rules, with the result and errno of that. */
ssize_t subscribe_send(int fd, const void *data, size_t size, int flags,
                       const struct sockaddr *address, socklen_t address_size);
ssize_t subscribe_send_message(int fd, const struct msghdr *header, int flags);

#endif
