#include "client/ctl/text.h"

#include <langinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* The longest escape is that of a character: \U0010ffff. */
#define ESCAPE_MAX 10

bool text_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* How many bytes the sequence has that starts with this one, 0 if none does. */
static int sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

static bool is_overlong_or_surrogate(uint32_t character, int length)
{
    return (length == 3 && character < 0x800) || (length == 4 && character < 0x10000) ||
           (character >= 0xd800 && character <= 0xdfff) || character > 0x10ffff;
}

/* Reads one character; 0 if the bytes are not UTF-8. */
static int decode(const char *text, uint32_t *ret)
{
    const unsigned char *bytes = (const unsigned char *)text;
    int length = sequence_length(bytes[0]);
    uint32_t character;

    if (length <= 1) {
        *ret = bytes[0];
        return length;
    }
    character = bytes[0] & (0xffU >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (bytes[i] & 0x3f);
    }
    if (is_overlong_or_surrogate(character, length))
        return 0;
    *ret = character;
    return length;
}

/* Characters without a shape, that change how what stands around them is read. */
static bool misleads(uint32_t character)
{
    return (character >= 0x200b && character <= 0x200f) ||
           (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2060 && character <= 0x206f) || character == 0xfeff ||
           character == 0x61c || character >= 0xe0000;
}

/* Columns the character takes, -1 if it must be escaped. */
static int width_of(uint32_t character, bool utf8)
{
    if (character < 0x80)
        return character < 0x20 || character == 0x7f ? -1 : 1;
    if (!utf8 || character < 0xa0 || misleads(character))
        return -1;
    return wcwidth((wchar_t)character);
}

/* Writes the next character of the text at *to, itself or escaped. */
static int clean_one(const char *text, char **to, size_t *width, bool utf8)
{
    uint32_t character;
    int length = decode(text, &character);
    int columns = length ? width_of(character, utf8) : -1;

    if (columns >= 0) {
        memcpy(*to, text, (size_t)length);
        *to += length;
        *width += (size_t)columns;
        return length;
    }
    if (length == 0)
        columns = sprintf(*to, "\\x%02x", (unsigned char)*text);
    else if (character < 0x100)
        columns = sprintf(*to, "\\x%02x", (unsigned)character);
    else
        columns = sprintf(*to, character < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)character);
    *to += columns;
    *width += (size_t)columns;
    return length ? length : 1;
}

char *text_clean(const char *text, size_t *ret_width)
{
    bool utf8 = text_is_utf8();
    char *clean = malloc(strlen(text) * ESCAPE_MAX + 1);
    char *to = clean;
    size_t width = 0;

    if (!clean)
        return NULL;
    while (*text)
        text += clean_one(text, &to, &width, utf8);
    *to = '\0';
    *ret_width = width;
    return clean;
}
