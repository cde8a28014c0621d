/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/meaning.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The index that a text is, 0 for none. */
static int index_of(const char *text)
{
    long number;

    if (text[strspn(text, "0123456789")] != '\0')
        return 0;
    errno = 0;
    number = strtol(text, NULL, 10);
    return errno == 0 && number <= INT_MAX ? (int)number : 0;
}

/* The last "@" before the end, behind which and before which there is something. */
static const char *last_at(const char *text, const char *end)
{
    while (end > text + 1)
        if (*--end == '@')
            return end;
    return NULL;
}

bool meaning_depends(const char *text)
{
    return index_of(text) > 0 || last_at(text, text + strlen(text));
}

static bool any_matches(const struct linkwatch_list *list, const char *name)
{
    for (size_t i = 0; list && i < linkwatch_list_count(list); i++)
        if (linkwatch_link_matches(linkwatch_list_get(list, i), name))
            return true;
    return false;
}

/* Both the name and the peer may have an "@": the longest name that there is, else what is
 * before the last one. */
static int find_before_at(const char *text, const struct linkwatch_list *list, char **ret)
{
    const char *at = last_at(text, text + strlen(text));
    char *name = NULL;

    for (const char *end = at; end; end = last_at(text, end)) {
        free(name);
        name = strndup(text, (size_t)(end - text));
        if (!name)
            return -ENOMEM;
        if (any_matches(list, name)) {
            *ret = name;
            return 0;
        }
    }
    free(name);
    name = at ? strndup(text, (size_t)(at - text)) : strdup(text);
    if (!name)
        return -ENOMEM;
    *ret = name;
    return 0;
}

int meaning_find(const char *text, const struct linkwatch_list *list, struct meaning *ret)
{
    struct meaning meaning = {0};
    bool is_name = !meaning_depends(text) || any_matches(list, text);
    int r;

    if (!is_name && index_of(text) > 0) {
        meaning.ifindex = index_of(text);
        *ret = meaning;
        return 0;
    }
    if (!is_name) {
        r = find_before_at(text, list, &meaning.name);
        if (r < 0)
            return r;
    } else {
        meaning.name = strdup(text);
        if (!meaning.name)
            return -ENOMEM;
    }
    *ret = meaning;
    return 0;
}

void meaning_clear(struct meaning *meaning)
{
    free(meaning->name);
    meaning->name = NULL;
}

bool meaning_matches(const struct meaning *meaning, const struct linkwatch_link *link)
{
    if (!meaning->name)
        return linkwatch_link_ifindex(link) == meaning->ifindex;
    return linkwatch_link_matches(link, meaning->name);
}

char *meaning_spell_out(const char *name)
{
    char *word = malloc(strlen(name) * 4 + 1);

    if (word)
        *word = '\0';
    for (char *to = word; word && *name; name++)
        to += sprintf(to, "\\x%02x", (unsigned)(unsigned char)*name);
    return word;
}
