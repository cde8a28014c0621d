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
    struct buffer *buffer; /* contains the text; NULL while the room suffices */
    char *data;
    size_t length;
    size_t capacity;
    bool failed; /* out of memory */
    char room[WRITER_ROOM];
};

void writer_init(struct writer *writer);

/* Frees the text; writer_to_buffer() does this, too. */
void writer_clear(struct writer *writer);

/* Makes room for this many more bytes at once; false if out of memory. */
bool writer_grow(struct writer *writer, size_t length);

/* Inline, because most pieces are a few bytes. */
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

/* The name of a member, with the preceding comma, which is omitted for the first member of an
 * object. */
static inline void writer_member(struct writer *writer, const char *text, size_t length)
{
    const char *end = writer->data + writer->length;
    bool first = writer->length == 0 || end[-1] == '{' || end[-1] == ',';

    /* The compiler knows the length of a literal in both cases. */
    if (first)
        writer_add(writer, text + 1, length - 1);
    else
        writer_add(writer, text, length);
}

/* The same for a name that is a literal, and for one that is not. */
#define WRITER_MEMBER(name) ",\"" name "\":"
#define writer_key(writer, name) \
    writer_member(writer, WRITER_MEMBER(name), sizeof(WRITER_MEMBER(name)) - 1)
void writer_put_key(struct writer *writer, const char *name);

/* A string without characters that need escaping. */
static inline void writer_put_word(struct writer *writer, const char *word)
{
    writer_put(writer, "\"");
    writer_put(writer, word);
    writer_put(writer, "\"");
}

void writer_put_integer(struct writer *writer, int64_t value);

/* A string from the kernel as JSON. Each byte that is not part of valid UTF-8 is replaced by
 * U+FFFD. */
void writer_put_string(struct writer *writer, const char *string);

/* The bytes of a string as hexadecimal digits, in quotes. */
void writer_put_hex(struct writer *writer, const char *bytes);

/* Any JSON value, whose reference is consumed; NULL counts as out of memory, so that calls can be
 * nested. */
void writer_put_json(struct writer *writer, json_t *value);

/* Returns the text as a buffer, and clears the writer. 0 or -ENOMEM. */
int writer_to_buffer(struct writer *writer, struct buffer **ret);

#endif
