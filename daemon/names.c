/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/names.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static int compare(const struct name *a, const struct name *b)
{
    int order = strcmp(a->text, b->text);

    if (order)
        return order;
    if (a->ifindex != b->ifindex)
        return a->ifindex < b->ifindex ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(name_tree, name, node, compare, STATIC)

void names_init(struct names *names)
{
    *names = (struct names){.shared = 0};
    RB_INIT(&names->tree);
}

/* The first of those that bear a name, from that link on. */
static struct name *find(const struct names *names, const char *text, int ifindex)
{
    struct name key = {.text = text, .ifindex = ifindex};
    struct name *found = RB_NFIND(name_tree, (struct name_tree *)&names->tree, &key);

    return found && strcmp(found->text, text) == 0 ? found : NULL;
}

int names_bearer(const struct names *names, const char *text, int ifindex)
{
    struct name *found = ifindex < INT_MAX ? find(names, text, ifindex + 1) : NULL;

    return found ? found->ifindex : 0;
}

/* Whether two neighbours in the order are one name of two links. */
static bool is_shared(const struct name *a, const struct name *b)
{
    return a && b && a->ifindex != b->ifindex && strcmp(a->text, b->text) == 0;
}

/* By how much what is shared grows with that name, which is in the tree. */
static size_t share_of(struct name *name)
{
    const struct name *before = RB_PREV(name_tree, NULL, name);
    const struct name *after = RB_NEXT(name_tree, NULL, name);

    return (size_t)is_shared(before, name) + is_shared(name, after) - is_shared(before, after);
}

static void insert(struct names *names, struct name *name)
{
    RB_INSERT(name_tree, &names->tree, name);
    names->shared += share_of(name);
}

static void remove_name(struct names *names, struct name *name)
{
    names->shared -= share_of(name);
    RB_REMOVE(name_tree, &names->tree, name);
}

void names_insert(struct names *names, struct link_names *of_link, const struct link *link)
{
    insert(names, &of_link->name);
    for (size_t i = 0; i < link->altname_count; i++)
        insert(names, &of_link->altnames[i]);
}

void names_remove(struct names *names, struct link_names *of_link, const struct link *link)
{
    remove_name(names, &of_link->name);
    for (size_t i = 0; i < link->altname_count; i++)
        remove_name(names, &of_link->altnames[i]);
}

int link_names_init(struct link_names *ret, const struct link *link)
{
    struct link_names names = {.name.ifindex = link->ifindex};

    if (link->altname_count)
        names.altnames =
            quota_calloc(link->object.quota, link->altname_count, sizeof(*names.altnames));
    if (link->altname_count && !names.altnames)
        return -ENOMEM;
    for (unsigned i = 0; i < link->altname_count; i++)
        names.altnames[i] = (struct name){.ifindex = link->ifindex, .place = i + 1};
    link_names_move(&names, link);
    *ret = names;
    return 0;
}

void link_names_move(struct link_names *names, const struct link *link)
{
    const char *altname = NULL;

    names->name.text = link->ifname;
    for (size_t i = 0; i < link->altname_count; i++) {
        altname = link_next_altname(link, altname);
        names->altnames[i].text = altname;
    }
}

void link_names_free(struct link_names *names, const struct link *link)
{
    quota_free(link->object.quota, names->altnames, link->altname_count, sizeof(*names->altnames));
    names->altnames = NULL;
}
