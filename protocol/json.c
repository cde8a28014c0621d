/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/json.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* jansson's lexer does not check whether its buffer could grow: without memory it drops a
 * character and goes on, and the document differs from its text. errno shows that,
 * if it is read before jansson itself resets it, which it does after each number. So
 * the text is given to it in pieces that end where a number may end. */
struct reading {
    const char *text;
    size_t left;
    bool failed;

    const struct json_limits *limits; /* NULL: none */
    size_t depth;
    size_t values;
    size_t string;
    bool in_string;
    bool escaped; /* the byte before was a backslash in a string */
    bool over;
};

static void begin_value(struct reading *reading)
{
    reading->values++;
    if (reading->depth > reading->limits->depth || reading->values > reading->limits->values)
        reading->over = true;
}

static void count_in_string(struct reading *reading, char c)
{
    if (c == '"' && !reading->escaped)
        reading->in_string = false;
    else if (++reading->string > reading->limits->string)
        reading->over = true;
    reading->escaped = c == '\\' && !reading->escaped;
}

static void count_outside(struct reading *reading, char c)
{
    switch (c) {
    case '"':
        reading->in_string = true;
        reading->string = 0;
        break;
    case '{':
    case '[':
        reading->depth++;
        begin_value(reading);
        break;
    case '}':
    case ']':
        if (reading->depth > 0)
            reading->depth--;
        break;
    case ',':
        begin_value(reading);
        break;
    }
}

/* Before jansson reads it; whether the brackets match is its business. */
static void count(struct reading *reading, size_t length)
{
    for (size_t i = 0; i < length && !reading->over; i++)
        if (reading->in_string)
            count_in_string(reading, reading->text[i]);
        else
            count_outside(reading, reading->text[i]);
}

/* Up to the first byte behind a digit that is none. */
static size_t piece_length(const char *text, size_t most)
{
    size_t length = 1;

    while (length < most &&
           !(isdigit((unsigned char)text[length - 1]) && !isdigit((unsigned char)text[length])))
        length++;
    return length;
}

static size_t give_piece(void *buffer, size_t size, void *user)
{
    struct reading *reading = user;
    size_t length;

    if (errno == ENOMEM)
        reading->failed = true;
    if (reading->failed || reading->left == 0)
        return 0;
    length = piece_length(reading->text, reading->left < size ? reading->left : size);
    if (reading->limits)
        count(reading, length);
    if (reading->over)
        return 0;
    memcpy(buffer, reading->text, length);
    reading->text += length;
    reading->left -= length;
    return length;
}

int json_read(const char *text, size_t length, size_t flags, const struct json_limits *limits,
              json_t **ret)
{
    struct reading reading = {.text = text, .left = length, .limits = limits};
    json_error_t error;
    json_t *json;

    errno = 0;
    json = json_load_callback(give_piece, &reading, flags, &error);
    if (errno == ENOMEM)
        reading.failed = true;
    if (json && !reading.failed && !reading.over) {
        *ret = json;
        return 0;
    }
    json_decref(json);
    if (reading.over)
        return -E2BIG;
    return reading.failed || json_error_code(&error) == json_error_out_of_memory ? -ENOMEM
                                                                                 : -EBADMSG;
}
