/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/writer.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD in UTF-8 */

void writer_init(struct writer *writer)
{
    writer->buffer = NULL;
    writer->data = writer->room;
    writer->length = 0;
    writer->capacity = sizeof(writer->room);
    writer->failed = false;
}

void writer_clear(struct writer *writer)
{
    buffer_unref(writer->buffer);
    writer_init(writer);
}

bool writer_grow(struct writer *writer, size_t length)
{
    size_t doubled = writer->capacity * 2;
    size_t needed = writer->length + length;
    size_t capacity = doubled > needed ? doubled : needed;
    struct buffer *buffer;

    buffer = buffer_new(capacity);
    if (!buffer) {
        writer->failed = true;
        return false;
    }
    memcpy(buffer->data, writer->data, writer->length);
    buffer_unref(writer->buffer);
    writer->buffer = buffer;
    writer->data = buffer->data;
    writer->capacity = capacity;
    return true;
}

void writer_put_key(struct writer *writer, const char *name)
{
    writer_member(writer, ",\"", 2);
    writer_put(writer, name);
    writer_put(writer, "\":");
}

void writer_put_integer(struct writer *writer, int64_t value)
{
    char digits[20]; /* of 2^63, with its sign */
    char *at = digits + sizeof(digits);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--at = '-';
    writer_add(writer, at, (size_t)(digits + sizeof(digits) - at));
}

static json_t *repaired_string(const char *string)
{
    char *repaired = malloc(strlen(string) * strlen(REPLACEMENT) + 1);
    char *end = repaired;
    json_t *value = NULL;

    if (!repaired)
        return NULL;
    while (*string) {
        uint32_t character;
        size_t n = utf8_decode(string, &character);

        end = n ? mempcpy(end, string, n) : mempcpy(end, REPLACEMENT, strlen(REPLACEMENT));
        string += n ? n : 1;
    }
    value = json_stringn(repaired, (size_t)(end - repaired));
    free(repaired);
    return value;
}

/* Printable ASCII that stands in JSON as it is. */
static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

void writer_put_string(struct writer *writer, const char *string)
{
    size_t length = 0;

    while (is_plain(string[length]))
        length++;
    if (string[length] == '\0') {
        writer_put(writer, "\"");
        writer_add(writer, string, length);
        writer_put(writer, "\"");
    } else {
        writer_put_json(writer,
                        utf8_is_valid(string) ? json_string(string) : repaired_string(string));
    }
}

void writer_put_hex(struct writer *writer, const char *bytes)
{
    static const char digits[] = "0123456789abcdef";

    writer_put(writer, "\"");
    for (; *bytes; bytes++) {
        unsigned char byte = (unsigned char)*bytes;
        char pair[2] = {digits[byte >> 4], digits[byte & 0xf]};

        writer_add(writer, pair, sizeof(pair));
    }
    writer_put(writer, "\"");
}

void writer_put_json(struct writer *writer, json_t *value)
{
    char *dumped = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    if (dumped)
        writer_put(writer, dumped);
    else
        writer->failed = true;
    free(dumped);
    json_decref(value);
}

int writer_to_buffer(struct writer *writer, struct buffer **ret)
{
    struct buffer *buffer = NULL;

    if (writer->buffer && !writer->failed) {
        buffer = buffer_trim(writer->buffer, writer->length);
        writer->buffer = NULL;
    } else if (!writer->failed) {
        buffer = buffer_new(writer->length);
        if (buffer)
            memcpy(buffer->data, writer->data, writer->length);
    }
    writer_clear(writer);
    if (!buffer)
        return -ENOMEM;
    *ret = buffer;
    return 0;
}
