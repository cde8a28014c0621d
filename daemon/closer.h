/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Closes sockets without ever waiting for it. Where descriptors may be in what was not read from
 * one (descriptors.h), it goes with the end of a child process: files that are dropped by that are
 * not waited for by anybody, and no linger time counts. */
#ifndef LINKWATCH_DAEMON_CLOSER_H
#define LINKWATCH_DAEMON_CLOSER_H

struct closer;
struct ev_loop;

/* NULL without memory. */
struct closer *closer_new(struct ev_loop *loop);
struct closer *closer_free(struct closer *closer);

/* There is a child of this process that ends by itself: it is reaped when it has. */
void closer_reap(struct closer *closer);

/* A listening socket, with those who wait there, or a connection; see descriptors_close(). */
void closer_close(struct closer *closer, int fd);

#endif
