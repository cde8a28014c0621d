/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Most requests and events fit. */
#define FIRST_CAPACITY 2048

void frame_init(struct frame *frame, size_t max)
{
    *frame = (struct frame){.max = max};
}

void frame_clear(struct frame *frame)
{
    size_t max = frame->max;

    free(frame->data);
    frame_init(frame, max);
}

size_t frame_pending(const struct frame *frame)
{
    return frame->used - frame->start;
}

/* Moves what is left to the front, so that the room behind it is in one piece. */
static void compact(struct frame *frame)
{
    if (frame->start == 0)
        return;
    memmove(frame->data, frame->data + frame->start, frame_pending(frame));
    frame->used -= frame->start;
    frame->scanned -= frame->start;
    frame->start = 0;
}

int frame_reserve(struct frame *frame, char **ret, size_t *ret_size)
{
    size_t capacity;
    char *data;

    compact(frame);
    if (frame->used == frame->capacity) {
        if (frame->scanned == frame->used && frame->used > frame->max)
            return -EMSGSIZE;
        capacity = frame->capacity ? frame->capacity * 2 : FIRST_CAPACITY;
        if (capacity > frame->max + 1 && frame->used < frame->max + 1)
            capacity = frame->max + 1;
        data = realloc(frame->data, capacity);
        if (!data)
            return -ENOMEM;
        frame->data = data;
        frame->capacity = capacity;
    }
    *ret = frame->data + frame->used;
    *ret_size = frame->capacity - frame->used;
    return 0;
}

void frame_trim(struct frame *frame)
{
    size_t capacity = frame_pending(frame) > FIRST_CAPACITY ? frame_pending(frame) : FIRST_CAPACITY;
    char *data;

    if (frame->capacity <= capacity)
        return;
    compact(frame);
    data = realloc(frame->data, capacity);
    if (!data)
        return;
    frame->data = data;
    frame->capacity = capacity;
}

void frame_filled(struct frame *frame, size_t n)
{
    frame->used += n;
}

int frame_next(struct frame *frame, const char **ret_message, size_t *ret_length)
{
    char *end;
    size_t length;

    if (frame->start == frame->used) {
        if (frame->data)
            frame_clear(frame);
        return 0;
    }
    end = memchr(frame->data + frame->scanned, '\0', frame->used - frame->scanned);
    if (!end) {
        frame->scanned = frame->used;
        return frame_pending(frame) > frame->max ? -EMSGSIZE : 0;
    }
    length = (size_t)(end - frame->data) - frame->start;
    if (length > frame->max)
        return -EMSGSIZE;
    *ret_message = frame->data + frame->start;
    *ret_length = length;
    frame->start = frame->scanned = (size_t)(end - frame->data) + 1;
    return 1;
}
