/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/text.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "client/linkwatch.h"

char *text_of(void (*write)(FILE *to, const void *what), const void *what)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (!to)
        return NULL;
    write(to, what);
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

bool text_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* How many columns a text of UTF-8 takes, -1 if the locale can't show a character of it. */
static int width_of(const char *text)
{
    wchar_t *wide = calloc(strlen(text) + 1, sizeof(*wide));
    size_t count = wide ? mbstowcs(wide, text, strlen(text)) : (size_t)-1;
    int width = count == (size_t)-1 ? -1 : wcswidth(wide, count);

    free(wide);
    return width;
}

char *text_clean(const char *text, size_t *ret_width)
{
    bool utf8 = text_is_utf8();
    char *clean;
    int width;

    if (linkwatch_escape(text, !utf8, &clean) < 0)
        return NULL;
    width = utf8 ? width_of(clean) : (int)strlen(clean);
    if (width < 0) {
        free(clean);
        if (linkwatch_escape(text, true, &clean) < 0)
            return NULL;
        width = (int)strlen(clean);
    }
    *ret_width = (size_t)width;
    return clean;
}

char *text_clean_again(const char *text)
{
    size_t width;
    char *clean = text_clean(text, &width);
    char *to = clean;

    for (const char *from = clean; from && *from; from++) {
        *to++ = *from;
        from += from[0] == '\\' && from[1] == '\\';
    }
    if (to)
        *to = '\0';
    return clean;
}

char *text_word(const char *text)
{
    size_t width;
    char *clean = text_clean(text, &width);
    char *word = clean ? malloc(strlen(clean) * 4 + 1) : NULL;
    char *to = word;

    for (const char *from = clean; word && *from; from++)
        if (*from == ' ')
            to = stpcpy(to, "\\x20");
        else
            *to++ = *from;
    if (word)
        *to = '\0';
    free(clean);
    return word;
}

size_t text_width(const char *clean)
{
    int width = text_is_utf8() ? width_of(clean) : -1;

    return width < 0 ? strlen(clean) : (size_t)width;
}

/* How many bytes of it fit into that many columns. */
static size_t bytes_within(const char *clean, size_t columns)
{
    const char *at = clean;
    mbstate_t state = {0};

    while (*at) {
        wchar_t wide;
        size_t bytes = mbrtowc(&wide, at, strlen(at), &state);
        int width = bytes > 0 && bytes <= strlen(at) ? wcwidth(wide) : -1;

        if (width < 0)
            bytes = (size_t)(width = 1);
        if ((size_t)width > columns)
            break;
        columns -= (size_t)width;
        at += bytes;
    }
    return (size_t)(at - clean);
}

char *text_cut(char *clean, size_t columns)
{
    const char *ellipsis = text_is_utf8() ? "…" : "...";
    size_t width = text_is_utf8() ? 1 : 3;
    size_t bytes;
    char *larger;

    if (text_width(clean) <= columns)
        return clean;
    bytes = bytes_within(clean, columns > width ? columns - width : 0);
    larger = realloc(clean, bytes + strlen(ellipsis) + 1);
    if (!larger) {
        free(clean);
        return NULL;
    }
    memcpy(larger + bytes, ellipsis, strlen(ellipsis) + 1);
    return larger;
}
