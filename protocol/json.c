#include "protocol/json.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* jansson's lexer does not look whether its buffer could grow: without memory it drops a
 * character and goes on, and the document says something else than its text. errno tells,
 * if it is looked at before jansson itself resets it, which it does behind each number. So
 * the text is given to it in pieces that end where a number may end. */
struct reading {
    const char *text;
    size_t left;
    bool failed;
};

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
    memcpy(buffer, reading->text, length);
    reading->text += length;
    reading->left -= length;
    return length;
}

int json_read(const char *text, size_t length, size_t flags, json_t **ret)
{
    struct reading reading = {.text = text, .left = length};
    json_error_t error;
    json_t *json;

    errno = 0;
    json = json_load_callback(give_piece, &reading, flags, &error);
    if (errno == ENOMEM)
        reading.failed = true;
    if (json && !reading.failed) {
        *ret = json;
        return 0;
    }
    json_decref(json);
    return reading.failed || json_error_code(&error) == json_error_out_of_memory ? -ENOMEM
                                                                                 : -EBADMSG;
}
