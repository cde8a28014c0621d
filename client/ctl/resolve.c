/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/meaning.h"

bool resolve_needs_list(const struct ctl *ctl)
{
    for (int i = 0; i < ctl->count; i++)
        if (meaning_depends(ctl->arguments[i]))
            return true;
    return false;
}

int resolve_wrong_name(const char *name, int error)
{
    switch (error) {
    case -E2BIG:
        ctl_error("at most %d names or indexes can be given, with at most %d bytes in total",
                  LINKWATCH_FILTER_ENTRIES_MAX, LINKWATCH_FILTER_BYTES_MAX);
        return EXIT_USAGE;
    case -ENAMETOOLONG:
        ctl_error("a name can have at most %d characters: %s", LINKWATCH_FILTER_NAME_MAX, name);
        return EXIT_USAGE;
    }
    ctl_error("%s: %s", name, strerror(-error));
    return EXIT_FAILED;
}

int resolve_names(const struct ctl *ctl, struct linkwatch_filter **ret)
{
    struct linkwatch_filter *filter;
    int r = linkwatch_filter_new(&filter);

    if (r < 0)
        return ctl_out_of_memory();
    for (int i = 0; i < ctl->count && !resolve_needs_list(ctl); i++) {
        r = linkwatch_filter_add_name(filter, ctl->arguments[i]);
        if (r < 0) {
            linkwatch_filter_free(filter);
            return resolve_wrong_name(ctl->arguments[i], r);
        }
    }
    *ret = filter;
    return EXIT_MET;
}

/* Adds what an argument means now. */
static int add_meaning(struct linkwatch_filter *filter, const char *text,
                       const struct linkwatch_list *list, bool *ret_is_name)
{
    struct meaning meaning;
    int r = meaning_find(text, list, &meaning);

    if (r < 0)
        return r;
    *ret_is_name = meaning.name != NULL;
    r = meaning.name ? linkwatch_filter_add_name(filter, meaning.name)
                     : linkwatch_filter_add_index(filter, meaning.ifindex);
    meaning_clear(&meaning);
    return r;
}

static int add_meanings(struct linkwatch_filter *filter, const struct ctl *ctl,
                        const struct linkwatch_list *list)
{
    int names = 0;

    for (int i = 0; i < ctl->count; i++) {
        bool is_name;
        int r = add_meaning(filter, ctl->arguments[i], list, &is_name);

        if (r < 0)
            return resolve_wrong_name(ctl->arguments[i], r);
        names += is_name;
    }
    if (names == 0 || names == ctl->count)
        return EXIT_MET;
    ctl_error("monitor takes names or indexes, not both");
    return EXIT_USAGE;
}

int resolve_addresses(const struct ctl *ctl, struct linkwatch_filter *filter)
{
    int r = ctl->family ? linkwatch_filter_add_family(filter, ctl->family) : 0;

    return r >= 0 && ctl->scope ? linkwatch_filter_add_scope(filter, ctl->scope) : r;
}

int resolve_filter(const struct ctl *ctl, struct linkwatch_filter **ret)
{
    struct linkwatch_filter *filter;
    struct linkwatch_list *list = NULL;
    int code = resolve_names(ctl, &filter);

    if (code == EXIT_MET && resolve_needs_list(ctl)) {
        code = ctl_call(ctl, ctl_get_list, &list);
        if (code == EXIT_MET)
            code = add_meanings(filter, ctl, list);
        linkwatch_list_free(list);
        if (code != EXIT_MET)
            linkwatch_filter_free(filter);
    }
    if (code != EXIT_MET)
        return code;
    if (resolve_addresses(ctl, filter) < 0) {
        linkwatch_filter_free(filter);
        return ctl_out_of_memory();
    }
    *ret = filter;
    return EXIT_MET;
}

/* The name that the link of that index has now; NULL without memory, or if there is none. */
static char *name_of(const struct linkwatch_list *list, int ifindex)
{
    for (size_t i = 0; list && i < linkwatch_list_count(list); i++)
        if (linkwatch_link_ifindex(linkwatch_list_get(list, i)) == ifindex)
            return meaning_spell_out(linkwatch_link_ifname(linkwatch_list_get(list, i)));
    return NULL;
}

/* Whether the daemon takes it; a wait would try it for ever. */
static int check_name(const char *name)
{
    struct linkwatch_filter *filter;
    int r = linkwatch_filter_new(&filter);

    if (r < 0)
        return ctl_out_of_memory();
    r = linkwatch_filter_add_name(filter, name);
    linkwatch_filter_free(filter);
    return r < 0 ? resolve_wrong_name(name, r) : EXIT_MET;
}

int resolve_link(const struct ctl *ctl, const char *text, char **ret)
{
    struct linkwatch_list *list = NULL;
    struct meaning meaning = {0};
    int code = check_name(text);

    if (code == EXIT_MET && meaning_depends(text))
        code = ctl_call(ctl, ctl_get_list, &list);
    if (code != EXIT_MET)
        return code;
    if (meaning_find(text, list, &meaning) >= 0 && !meaning.name) {
        meaning.name = name_of(list, meaning.ifindex);
        /* As a name, there may be such a link later. */
        if (!meaning.name)
            meaning.name = strdup(text);
    }
    linkwatch_list_free(list);
    if (!meaning.name)
        return ctl_out_of_memory();
    *ret = meaning.name;
    return EXIT_MET;
}
