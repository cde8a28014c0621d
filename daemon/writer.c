#include "daemon/writer.h"

#include <errno.h>
#include <stdlib.h>

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

/* How many bytes at this place are one character of UTF-8; 0 if none are. What UTF-8 is
 * the JSON library knows. */
static size_t character_length(const char *string, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++) {
        json_t *character = json_stringn(string, n);

        json_decref(character);
        if (character)
            return n;
    }
    return 0;
}

static json_t *repaired_string(const char *string)
{
    size_t left = strlen(string);
    char *repaired = malloc(left * strlen(REPLACEMENT) + 1);
    char *end = repaired;
    json_t *value = NULL;

    if (!repaired)
        return NULL;
    errno = 0;
    while (left > 0) {
        size_t n = character_length(string, left);

        end = n ? mempcpy(end, string, n) : mempcpy(end, REPLACEMENT, strlen(REPLACEMENT));
        string += n ? n : 1;
        left -= n ? n : 1;
    }
    /* Without memory, characters were taken for none. */
    if (errno != ENOMEM)
        value = json_stringn(repaired, (size_t)(end - repaired));
    free(repaired);
    return value;
}

/* Printable ASCII that stands in JSON as it is. */
static bool is_plain(const char *string)
{
    for (; *string; string++)
        if (*string < ' ' || *string > '~' || *string == '"' || *string == '\\')
            return false;
    return true;
}

void writer_put_string(struct writer *writer, const char *string)
{
    if (is_plain(string)) {
        writer_put(writer, "\"");
        writer_put(writer, string);
        writer_put(writer, "\"");
    } else {
        json_t *value = json_string(string);

        writer_put_json(writer, value ? value : repaired_string(string));
    }
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
    struct buffer *buffer = writer->failed ? NULL : buffer_ref(writer->buffer);

    if (!buffer && !writer->failed) {
        buffer = buffer_new(writer->length);
        if (buffer)
            memcpy(buffer->data, writer->data, writer->length);
    }
    if (buffer)
        buffer->length = writer->length;
    writer_clear(writer);
    if (!buffer)
        return -ENOMEM;
    *ret = buffer;
    return 0;
}
