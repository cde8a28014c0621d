/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Immutable bytes, shared by reference counting. */
#ifndef LINKWATCH_DAEMON_BUFFER_H
#define LINKWATCH_DAEMON_BUFFER_H

#include <stddef.h>

struct buffer {
    unsigned references;
    size_t length;
    char data[];
};

/* A buffer of that length, its bytes to be written before it is shared; the
 * caller holds the one reference. NULL without memory. */
struct buffer *buffer_new(size_t length);

/* Another reference; takes and gives NULL too. */
struct buffer *buffer_ref(struct buffer *buffer);

/* Gives back what stands behind that many bytes. Only who has the one reference may do so; it is
 * mostly another buffer then. */
struct buffer *buffer_trim(struct buffer *buffer, size_t length);

/* The memory that it takes. */
size_t buffer_bytes(const struct buffer *buffer);

/* Drops a reference. Always NULL, so that it can be assigned. */
struct buffer *buffer_unref(struct buffer *buffer);

#endif
