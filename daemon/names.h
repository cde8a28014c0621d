/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which links bear which names: an index of names and alternative names, which share one
 * space. The kernel lets each have one bearer; while changes that belong together are made
 * one after the other, a name may have several here. Pure. */
#ifndef LINKWATCH_DAEMON_NAMES_H
#define LINKWATCH_DAEMON_NAMES_H

#include <bsd/sys/tree.h>
#include <stddef.h>

/* One name of one link. The text is not copied; it may be replaced by an equal one. */
struct name {
    RB_ENTRY(name) node;
    const char *text;
    int ifindex;
    unsigned place; /* among the names of that link */
};

RB_HEAD(name_tree, name);

struct names {
    struct name_tree tree;
    size_t shared; /* pairs of different links that bear the same name */
};

void names_init(struct names *names);

/* The caller keeps the name until it is removed. */
void names_insert(struct names *names, struct name *name);
void names_remove(struct names *names, struct name *name);

/* The link with the smallest index above that one that bears the name, 0 for none. */
int names_bearer(const struct names *names, const char *text, int ifindex);

#endif
