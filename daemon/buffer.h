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

/* Allocates a buffer of this length, with one reference, which belongs to the caller. The bytes
 * must be written before the buffer is shared. NULL if out of memory. */
struct buffer *buffer_new(size_t length);

/* Adds a reference. Accepts and returns NULL. */
struct buffer *buffer_ref(struct buffer *buffer);

/* Frees the memory beyond this length, and returns the buffer, which may have moved. Only permitted
 * with a single reference. */
struct buffer *buffer_trim(struct buffer *buffer, size_t length);

/* The memory that it uses. */
size_t buffer_bytes(const struct buffer *buffer);

/* Removes a reference. Always returns NULL. */
struct buffer *buffer_unref(struct buffer *buffer);

#endif
