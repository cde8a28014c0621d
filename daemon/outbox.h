/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues shared buffers for writing to a stream socket. */
#ifndef LINKWATCH_DAEMON_OUTBOX_H
#define LINKWATCH_DAEMON_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/buffer.h"

struct outbox {
    struct buffer **queue;
    size_t first;
    size_t count; /* number of buffers from first on */
    size_t capacity;
    size_t written; /* bytes of the first one that are written */
};

/* Drops all buffers. An outbox of zeros is empty. */
void outbox_clear(struct outbox *outbox);

/* Adds a buffer, whose reference is consumed even on failure. 0 or -ENOMEM. */
int outbox_push(struct outbox *outbox, struct buffer *buffer);

/* Writes as much as the socket accepts, up to about this many bytes. 1 if nothing is left, 0 if the
 * socket is full, OUTBOX_MORE if it may accept more, or -errno. */
#define OUTBOX_MORE 2
int outbox_write(struct outbox *outbox, int fd, size_t most);

#endif
