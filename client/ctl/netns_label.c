/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/netns_label.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/json_text.h"
#include "client/ctl/text.h"

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

static void write_bytes(const char *name, FILE *to)
{
    fputs(",\"netns_bytes\":\"", to);
    for (; *name; name++)
        fprintf(to, "%02x", (unsigned)(unsigned char)*name);
    putc('"', to);
}

static void write_members(FILE *to, const void *what)
{
    const char *name = what;

    fputs("\"netns\":", to);
    if (!json_write_string(to, name))
        write_bytes(name, to);
}

char *netns_members(const char *name)
{
    return name ? text_of(write_members, name) : strdup("\"netns\":null");
}

void netns_write_object(FILE *to, const char *members, const char *object)
{
    if (members)
        fprintf(to, "{%s,%s", members, object + 1);
    else
        fputs(object, to);
}
