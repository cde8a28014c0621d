/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Closes sockets without blocking. If unread messages of a socket may contain descriptors
 * (descriptors.h), it is closed by the exit of a child process: no process then waits for the files
 * that this releases, and no linger time applies. */
#ifndef LINKWATCH_DAEMON_CLOSER_H
#define LINKWATCH_DAEMON_CLOSER_H

struct closer;
struct ev_loop;

/* NULL if out of memory. */
struct closer *closer_new(struct ev_loop *loop);
struct closer *closer_free(struct closer *closer);

/* A child process was created that exits by itself; it is reaped when it has exited. */
void closer_reap(struct closer *closer);

/* Closes a listening socket, with its pending connections, or a connection; see
 * descriptors_close(). */
void closer_close(struct closer *closer, int fd);

#endif
