/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The socket of a connection to the daemon, which never blocks. */
#ifndef LINKWATCH_CLIENT_DAEMON_SOCKET_H
#define LINKWATCH_CLIENT_DAEMON_SOCKET_H

#include <sys/types.h>

#include "protocol/frame.h"

/* Connects, to be closed by the caller. -EAGAIN if the daemon has too many waiting. */
int socket_connect(const char *path);

/* How many bytes were sent, 0 if none can be now; passed_fd goes with the first one, unless it is
 * -1. -ECONNRESET if the daemon hung up. */
ssize_t socket_send(int fd, const char *bytes, size_t size, int passed_fd);

/* 1 if bytes were received, 0 if there are none now. -ECONNRESET at the end, -EMSGSIZE if a message
 * is too long. */
int socket_receive(int fd, struct frame *frame);

#endif
