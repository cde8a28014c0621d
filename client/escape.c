/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that others chose, made safe to show. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/linkwatch.h"
#include "protocol/utf8.h"

static bool is_safe(const char *text, size_t bytes, uint32_t character, bool ascii)
{
    return bytes > 0 && *text != '\\' && !utf8_misleads(character) && (bytes == 1 || !ascii);
}

int linkwatch_escape(const char *text, bool ascii, char **ret)
{
    char *copy = malloc(strlen(text) * UTF8_ESCAPE_SIZE + 1);
    char *to = copy;

    if (!copy)
        return -ENOMEM;
    while (*text) {
        uint32_t character;
        size_t bytes = utf8_decode(text, &character);

        if (is_safe(text, bytes, character, ascii))
            to = mempcpy(to, text, bytes);
        else
            to += utf8_escape(text, to, &bytes);
        text += bytes;
    }
    *to = '\0';
    *ret = copy;
    return 0;
}
