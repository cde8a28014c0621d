/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define FIRST_CAPACITY 8
#define PIECES_AT_ONCE 192

void outbox_clear(struct outbox *outbox)
{
    while (outbox->count > 0) {
        buffer_unref(outbox->queue[outbox->first++]);
        outbox->count--;
    }
    free(outbox->queue);
    *outbox = (struct outbox){0};
}

static int grow(struct outbox *outbox)
{
    size_t capacity = outbox->capacity ? outbox->capacity * 2 : FIRST_CAPACITY;
    struct buffer **queue = realloc(outbox->queue, capacity * sizeof(struct buffer *));

    if (!queue)
        return -ENOMEM;
    outbox->queue = queue;
    outbox->capacity = capacity;
    return 0;
}

/* Room behind the last one: where half of the queue is past already, by moving up. */
static int make_room(struct outbox *outbox)
{
    if (outbox->first + outbox->count < outbox->capacity)
        return 0;
    if (outbox->first >= outbox->count && outbox->first > 0) {
        memmove(outbox->queue, outbox->queue + outbox->first,
                outbox->count * sizeof(struct buffer *));
        outbox->first = 0;
        return 0;
    }
    return grow(outbox);
}

int outbox_push(struct outbox *outbox, struct buffer *buffer)
{
    if (make_room(outbox) < 0) {
        buffer_unref(buffer);
        return -ENOMEM;
    }
    outbox->queue[outbox->first + outbox->count++] = buffer;
    return 0;
}

static void drop(struct outbox *outbox, size_t bytes)
{
    outbox->written += bytes;
    while (outbox->count > 0 && outbox->written >= outbox->queue[outbox->first]->length) {
        outbox->written -= outbox->queue[outbox->first]->length;
        buffer_unref(outbox->queue[outbox->first++]);
        outbox->count--;
    }
    if (outbox->count > 0)
        return;
    outbox->first = 0;
    /* A consumer at rest costs next to no memory. */
    if (outbox->capacity > FIRST_CAPACITY)
        outbox_clear(outbox);
}

static ssize_t write_some(const struct outbox *outbox, int fd)
{
    struct iovec pieces[PIECES_AT_ONCE];
    struct msghdr message = {.msg_iov = pieces};

    for (size_t i = 0; i < outbox->count && i < PIECES_AT_ONCE; i++) {
        const struct buffer *buffer = outbox->queue[outbox->first + i];
        size_t skip = i == 0 ? outbox->written : 0;

        pieces[i].iov_base = (char *)buffer->data + skip;
        pieces[i].iov_len = buffer->length - skip;
        message.msg_iovlen++;
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int outbox_write(struct outbox *outbox, int fd, size_t most)
{
    size_t written = 0;

    while (outbox->count > 0 && written < most) {
        ssize_t n = write_some(outbox, fd);

        if (n >= 0) {
            written += (size_t)n;
            drop(outbox, (size_t)n);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return 0;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return outbox->count > 0 ? OUTBOX_MORE : 1;
}
