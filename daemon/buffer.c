/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/buffer.h"

#include <stdlib.h>

#include "daemon/allocation.h"

struct buffer *buffer_new(size_t length)
{
    struct buffer *buffer = malloc(sizeof(*buffer) + length);

    if (!buffer)
        return NULL;
    buffer->references = 1;
    buffer->length = length;
    return buffer;
}

struct buffer *buffer_trim(struct buffer *buffer, size_t length)
{
    struct buffer *trimmed = realloc(buffer, sizeof(*buffer) + length);

    if (!trimmed)
        trimmed = buffer;
    trimmed->length = length;
    return trimmed;
}

size_t buffer_bytes(const struct buffer *buffer)
{
    return allocation_bytes(sizeof(*buffer) + buffer->length);
}

struct buffer *buffer_ref(struct buffer *buffer)
{
    if (buffer)
        buffer->references++;
    return buffer;
}

struct buffer *buffer_unref(struct buffer *buffer)
{
    if (buffer && --buffer->references == 0)
        free(buffer);
    return NULL;
}
