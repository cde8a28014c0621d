/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File descriptors that consumers attach to messages (SCM_RIGHTS). Closing the last reference to a
 * file can block, for example for a TCP socket with SO_LINGER. Only netlink sockets, which never
 * block on closing, are therefore received. */
#ifndef LINKWATCH_DAEMON_DESCRIPTORS_H
#define LINKWATCH_DAEMON_DESCRIPTORS_H

#include <stddef.h>
#include <sys/types.h>

struct closer;

/* As recv() without waiting: bytes, 0 at the end, -errno. A netlink socket that came with them is
 * put in *ret_netlink, else -1. -EBADMSG where more than one descriptor is attached, or one of
 * another kind, or there is no free descriptor for it: all that stays where it is. */
ssize_t descriptors_receive(int fd, void *room, size_t size, struct closer *closer,
                            int *ret_netlink);

/* Closes a connection, and drops what came and was not read. Where there may be descriptors among
 * it, or so much that it would take long, that is left to the closer. */
void descriptors_close(int fd, struct closer *closer);

#endif
