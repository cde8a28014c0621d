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
    size_t count; /* of those from first on */
    size_t capacity;
    size_t written; /* bytes of the first one */
};

/* Forgets what it holds. An outbox that is all zero is empty. */
void outbox_clear(struct outbox *outbox);

/* Adds a buffer, whose reference it takes (also on failure). -ENOMEM. */
int outbox_push(struct outbox *outbox, struct buffer *buffer);

/* Writes as much as the socket takes, up to so many bytes or a little more. 1 if nothing is left,
 * 0 if the socket takes no more now, OUTBOX_MORE if it may take more, -errno. */
#define OUTBOX_MORE 2
int outbox_write(struct outbox *outbox, int fd, size_t most);

#endif
