/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl complete: what a shell may offer for IF. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/ctl.h"
#include "client/ctl/meaning.h"
#include "client/ctl/output.h"
#include "client/ctl/text.h"

/* How long a completion may take, in microseconds. */
#define PATIENCE INT64_C(2000000)

/* What a shell, or we, would take for more than itself. */
#define SPECIAL "*?[]"

/* A name as linkwatchctl shows it, with backslashes before what is special in a glob, and
 * before what would make an option of it, or a home in fish, which doesn't quote that. NULL
 * without memory. */
static char *quoted(const char *name)
{
    size_t width;
    char *clean = text_clean(name, &width);
    char *word = clean ? malloc(2 * strlen(clean) + 1) : NULL;
    char *to = word;

    for (const char *from = clean; word && *from; from++) {
        if (strchr(SPECIAL, *from) || (from == clean && strchr("-~", *from)))
            *to++ = '\\';
        *to++ = *from;
    }
    if (word)
        *to = '\0';
    free(clean);
    return word;
}

/* Whether the word means that link and no other: another one may be called exactly so. */
static bool is_clear(const struct linkwatch_list *list, const struct linkwatch_link *link,
                     const char *word)
{
    struct linkwatch_link *other;

    /* Then it is a plain name, of which there is one. */
    if (!strchr(word, '\\'))
        return true;
    for (size_t i = 0; (other = linkwatch_list_get(list, i)); i++)
        if (other != link && linkwatch_link_matches(other, word))
            return false;
    return linkwatch_link_matches(link, word);
}

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static void offer(const struct linkwatch_list *list, const struct linkwatch_link *link,
                  const char *name, const char *beginning)
{
    char *word = quoted(name);

    if (word && (begins_with(name, beginning) || begins_with(word, beginning))) {
        if (!is_clear(list, link, word)) {
            free(word);
            word = meaning_spell_out(name);
        }
        if (word && is_clear(list, link, word))
            puts(word);
    }
    free(word);
}

static void offer_all(const struct linkwatch_list *list, const char *beginning)
{
    struct linkwatch_link *link;

    for (size_t i = 0; (link = linkwatch_list_get(list, i)); i++) {
        const char *altname = NULL;

        offer(list, link, linkwatch_link_ifname(link), beginning);
        while ((altname = linkwatch_link_next_text(link, LINKWATCH_FIELD_ALTNAMES, altname)))
            offer(list, link, altname, beginning);
    }
}

static int get_list(struct linkwatch *connection, void *user)
{
    return linkwatch_get_list(connection, NULL, PATIENCE, user);
}

int ctl_complete(const struct ctl *ctl)
{
    struct linkwatch_list *list;
    struct output output;
    int code = ctl_call(ctl, get_list, &list);

    if (code != EXIT_MET)
        return code;
    output_begin(&output, ctl->colour, false);
    offer_all(list, ctl->count ? ctl->arguments[0] : "");
    linkwatch_list_free(list);
    return output_end(&output, code);
}
