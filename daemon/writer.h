/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A builder of JSON text: appends pieces, and returns a buffer. Errors need not be checked in
 * between; running out of memory is reported at the end. Pure.
 *
 * Used for objects with known members, one of which is written for each event. All other JSON is
 * written with jansson, and so are strings that need escaping. */
#ifndef LINKWATCH_DAEMON_WRITER_H
#define LINKWATCH_DAEMON_WRITER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "daemon/buffer.h"

/* Most links and events fit without an allocation. */
#define WRITER_ROOM 2048

struct writer {
    struct buffer *buffer; /* that holds it; NULL as long as the room does */
    char *data;
    size_t length;
    size_t capacity;
    bool failed; /* without memory */
    char room[WRITER_ROOM];
};

void writer_init(struct writer *writer);

/* Forgets what it holds; writer_to_buffer() has done that. */
void writer_clear(struct writer *writer);

/* Makes room for so many bytes more, which spares growing step by step; false without
 * memory. */
bool writer_grow(struct writer *writer, size_t length);

/* In place, for most pieces are a few bytes. */
static inline void writer_add(struct writer *writer, const char *bytes, size_t length)
{
    if (length > writer->capacity - writer->length && !writer_grow(writer, length))
        return;
    memcpy(writer->data + writer->length, bytes, length);
    writer->length += length;
}

static inline void writer_put(struct writer *writer, const char *bytes)
{
    writer_add(writer, bytes, strlen(bytes));
}

static inline void writer_open(struct writer *writer)
{
    writer_put(writer, "{");
}

static inline void writer_close(struct writer *writer)
{
    writer_put(writer, "}");
}

/* A member's name as it stands before its value, with the comma that all but the first one of an
 * object have before them. */
static inline void writer_member(struct writer *writer, const char *text, size_t length)
{
    const char *end = writer->data + writer->length;
    bool first = writer->length == 0 || end[-1] == '{' || end[-1] == ',';

    /* The length of a literal is known to the compiler in both. */
    if (first)
        writer_add(writer, text + 1, length - 1);
    else
        writer_add(writer, text, length);
}

/* The same of a name, which is a literal; and of one that is not. */
#define WRITER_MEMBER(name) ",\"" name "\":"
#define writer_key(writer, name) \
    writer_member(writer, WRITER_MEMBER(name), sizeof(WRITER_MEMBER(name)) - 1)
void writer_put_key(struct writer *writer, const char *name);

/* A string in which nothing needs escaping. */
static inline void writer_put_word(struct writer *writer, const char *word)
{
    writer_put(writer, "\"");
    writer_put(writer, word);
    writer_put(writer, "\"");
}

void writer_put_integer(struct writer *writer, int64_t value);

/* A string as JSON. It is bytes of the kernel's; where they are not UTF-8, each byte that
 * does not fit stands as U+FFFD. */
void writer_put_string(struct writer *writer, const char *string);

/* The bytes of a string as hexadecimal digits, in quotes. */
void writer_put_hex(struct writer *writer, const char *bytes);

/* Any value, whose reference it takes; NULL is no memory, so that calls nest. */
void writer_put_json(struct writer *writer, json_t *value);

/* What was put together, as a buffer; the text is over. -ENOMEM. */
int writer_to_buffer(struct writer *writer, struct buffer **ret);

#endif
