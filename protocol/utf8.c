/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/utf8.h"

#include <stdio.h>
#include <string.h>

/* How many bytes the sequence has that starts with this one, 0 if none does. */
static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

static bool is_overlong_or_surrogate(uint32_t character, size_t length)
{
    return (length == 3 && character < 0x800) || (length == 4 && character < 0x10000) ||
           (character >= 0xd800 && character <= 0xdfff) || character > 0x10ffff;
}

size_t utf8_decode(const char *text, uint32_t *ret)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = sequence_length(bytes[0]);
    uint32_t character;

    if (length <= 1) {
        *ret = bytes[0];
        return length;
    }
    character = bytes[0] & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (bytes[i] & 0x3f);
    }
    if (is_overlong_or_surrogate(character, length))
        return 0;
    *ret = character;
    return length;
}

bool utf8_is_valid(const char *text)
{
    uint32_t character;
    size_t length;

    for (; *text; text += length) {
        length = utf8_decode(text, &character);
        if (length == 0)
            return false;
    }
    return true;
}

/* Unicode's Default_Ignorable_Code_Point, the line separators, and what else is a format
 * character without a shape. */
static bool has_no_shape(uint32_t character)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0xad, 0xad},        {0x34f, 0x34f},   {0x61c, 0x61c},     {0x115f, 0x1160},
        {0x17b4, 0x17b5},    {0x180b, 0x180f}, {0x200b, 0x200f},   {0x2028, 0x202e},
        {0x2060, 0x206f},    {0x3164, 0x3164}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},    {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0x10ffff},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

bool utf8_misleads(uint32_t character)
{
    if (character < 0x80)
        return character < 0x20 || character == 0x7f;
    return character < 0xa0 || has_no_shape(character);
}

size_t utf8_escape(const char *text, char to[UTF8_ESCAPE_SIZE], size_t *ret_bytes)
{
    uint32_t character;
    size_t bytes = utf8_decode(text, &character);
    int length;

    if (*text == '\\')
        length = snprintf(to, UTF8_ESCAPE_SIZE, "\\\\");
    else if (bytes <= 1)
        length = snprintf(to, UTF8_ESCAPE_SIZE, "\\x%02x", (unsigned)(unsigned char)*text);
    else
        length = snprintf(to, UTF8_ESCAPE_SIZE, character < 0x10000 ? "\\u%04x" : "\\U%08x",
                          (unsigned)character);
    *ret_bytes = bytes ? bytes : 1;
    return (size_t)length;
}

void utf8_copy_clean(const char *text, char *to, size_t size)
{
    while (*text) {
        char escape[UTF8_ESCAPE_SIZE];
        uint32_t character;
        size_t bytes = utf8_decode(text, &character);
        const char *from = text;
        size_t length = bytes;

        if (bytes == 0 || *text == '\\' || utf8_misleads(character)) {
            length = utf8_escape(text, escape, &bytes);
            from = escape;
        }
        if (length >= size)
            break;
        memcpy(to, from, length);
        to += length;
        size -= length;
        text += bytes;
    }
    *to = '\0';
}
