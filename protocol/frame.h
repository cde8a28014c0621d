/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The framing of Varlink: JSON messages, each terminated by a NUL byte. Bytes go in as they arrive;
 * complete messages come out. Pure. */
#ifndef LINKWATCH_PROTOCOL_FRAME_H
#define LINKWATCH_PROTOCOL_FRAME_H

#include <stddef.h>

struct frame {
    char *data;
    size_t start;    /* first byte not yet taken */
    size_t scanned;  /* bytes before this hold no NUL */
    size_t used;     /* bytes in data */
    size_t capacity; /* bytes allocated */
    size_t max;      /* longest message that is accepted, without its NUL */
};

/* Initializes an empty buffer. It allocates no memory until bytes arrive, and frees it when all of
 * them have been taken. */
void frame_init(struct frame *frame, size_t max);

/* Frees the buffered bytes. */
void frame_clear(struct frame *frame);

/* Makes room for more bytes: *ret points to *ret_size > 0 free bytes, to be filled and then counted
 * with frame_filled(). -EMSGSIZE if the current message exceeds the limit, or -ENOMEM. */
int frame_reserve(struct frame *frame, char **ret, size_t *ret_size);

/* n bytes of the reserved room have been written. */
void frame_filled(struct frame *frame, size_t n);

/* The next complete message, followed by its NUL, which *ret_length does not include; valid until
 * the next call of any of these functions. 1 with a message, 0 if there is none yet, -EMSGSIZE if
 * it exceeds the limit. */
int frame_next(struct frame *frame, const char **ret_message, size_t *ret_length);

/* Frees unused room, when no further bytes are expected for a while. */
void frame_trim(struct frame *frame);

/* The number of bytes that have not been taken yet. */
size_t frame_pending(const struct frame *frame);

#endif
