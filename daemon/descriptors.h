/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File descriptors that consumers attach to messages (SCM_RIGHTS). Closing the last reference to a
 * file can block, for example for a TCP socket with SO_LINGER. Only netlink sockets, which never
 * block on closing, are therefore received. */
#ifndef LINKWATCH_DAEMON_DESCRIPTORS_H
#define LINKWATCH_DAEMON_DESCRIPTORS_H

#include <stddef.h>
#include <sys/types.h>

struct closer;

/* Like a non-blocking recv(): returns the number of bytes, 0 at the end, or -errno. A netlink
 * socket attached to them is stored in *ret_netlink, otherwise -1. -EBADMSG if several descriptors
 * or one of another kind are attached, or no descriptor is free; then nothing is received. */
ssize_t descriptors_receive(int fd, void *room, size_t size, struct closer *closer,
                            int *ret_netlink);

/* Closes a connection, and discards unread data. If that may contain descriptors, or is too long to
 * be read now, the closer does this. */
void descriptors_close(int fd, struct closer *closer);

#endif
