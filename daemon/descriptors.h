/* Descriptors that consumers attach to what they send (SCM_RIGHTS). Whoever drops the last
 * reference to a file may have to wait for it: for a TCP socket with SO_LINGER, say. Nothing is
 * expected here, and so none is ever taken. */
#ifndef LINKWATCH_DAEMON_DESCRIPTORS_H
#define LINKWATCH_DAEMON_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Has the kernel refuse them, on a listening socket for all who connect from now on. Linux 6.16
 * and later can. */
void descriptors_refuse(int fd);

/* Whether some may be attached to what a connection brings. */
bool descriptors_may_come(int fd);

/* As recv() without waiting: bytes, 0 at the end, -errno. -EBADMSG where descriptors are attached;
 * they stay where they are. */
ssize_t descriptors_receive(int fd, void *room, size_t size);

/* Shuts a connection down and drops what came and was not read. False if there may be descriptors
 * among it, or so much that it would take long: then close() may wait. */
bool descriptors_drain(int fd);

#endif
