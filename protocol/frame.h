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

/* Makes an empty buffer. It allocates nothing until bytes come, and gives the
 * memory back when all of them were taken. */
void frame_init(struct frame *frame, size_t max);

/* Frees the bytes held. */
void frame_clear(struct frame *frame);

/* Room for more bytes: *ret points at *ret_size > 0 free bytes, to be filled and
 * then counted with frame_filled(). -EMSGSIZE if the message begun is over the
 * limit, -ENOMEM. */
int frame_reserve(struct frame *frame, char **ret, size_t *ret_size);

/* n bytes of the reserved room were written. */
void frame_filled(struct frame *frame, size_t n);

/* The next whole message, without its NUL (which is there), valid until the next
 * call of any of these. 1 with a message, 0 if there is none yet, -EMSGSIZE if
 * it is over the limit. */
int frame_next(struct frame *frame, const char **ret_message, size_t *ret_length);

/* Gives back the room that is not needed for what is held: nothing more comes for a while. */
void frame_trim(struct frame *frame);

/* Bytes held and not yet taken. */
size_t frame_pending(const struct frame *frame);

#endif
