/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/netns_label.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/text.h"
#include "client/linkwatch.h"

#define OWN "-"

char *netns_label(const char *name)
{
    if (!name)
        return strdup(OWN);
    /* A namespace may be called so, too. */
    if (strcmp(name, OWN) == 0)
        return strdup("/run/netns/" OWN);
    return text_word(name);
}

/* One escape of linkwatch_escape(), or one character of ASCII, as JSON; what follows it. */
static const char *convert(const char *from, FILE *to, bool *ret_is_text)
{
    unsigned long character;
    char digits[9] = "";

    if (*from != '\\') {
        fprintf(to, *from == '"' ? "\\%c" : "%c", *from);
        return from + 1;
    }
    if (from[1] == '\\') {
        fputs("\\\\", to);
        return from + 2;
    }
    strncpy(digits, from + 2, from[1] == 'x' ? 2 : from[1] == 'u' ? 4 : 8);
    character = strtoul(digits, NULL, 16);
    if (from[1] == 'x' && character >= 0x80) {
        *ret_is_text = false;
        character = 0xfffd;
    }
    if (character >= 0x10000)
        fprintf(to, "\\u%04lx\\u%04lx", 0xd800 + ((character - 0x10000) >> 10),
                0xdc00 + (character & 0x3ff));
    else
        fprintf(to, "\\u%04lx", character);
    return from + 2 + strlen(digits);
}

static bool write_text(const char *escaped, FILE *to)
{
    bool is_text = true;

    fputs("\"netns\":\"", to);
    while (*escaped)
        escaped = convert(escaped, to, &is_text);
    putc('"', to);
    return is_text;
}

static void write_bytes(const char *name, FILE *to)
{
    fputs(",\"netns_bytes\":\"", to);
    for (; *name; name++)
        fprintf(to, "%02x", (unsigned)(unsigned char)*name);
    putc('"', to);
}

char *netns_members(const char *name)
{
    char *escaped, *members = NULL;
    size_t size;
    FILE *to;

    if (!name)
        return strdup("\"netns\":null");
    if (linkwatch_escape(name, true, &escaped) < 0)
        return NULL;
    to = open_memstream(&members, &size);
    if (to && !write_text(escaped, to))
        write_bytes(name, to);
    free(escaped);
    if (!to || fclose(to) == 0)
        return members;
    free(members);
    return NULL;
}

void netns_write_object(FILE *to, const char *members, const char *object)
{
    if (members)
        fprintf(to, "{%s,%s", members, object + 1);
    else
        fputs(object, to);
}
