/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/names.h"

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

static size_t other_bearers(const struct names *names, const struct name *name)
{
    struct name *other = find(names, name->text, 0);
    size_t count = 0;

    for (; other && strcmp(other->text, name->text) == 0;
         other = RB_NEXT(name_tree, &names->tree, other))
        count += other->ifindex != name->ifindex;
    return count;
}

void names_insert(struct names *names, struct name *name)
{
    names->shared += other_bearers(names, name);
    RB_INSERT(name_tree, &names->tree, name);
}

void names_remove(struct names *names, struct name *name)
{
    RB_REMOVE(name_tree, &names->tree, name);
    names->shared -= other_bearers(names, name);
}
