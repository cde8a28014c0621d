/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index of the links by name and alternative name, which share one name space. In the kernel,
 * each name has one bearer at most; here, a name may have several while changes that belong
 * together are applied one after the other. Pure. */
#ifndef LINKWATCH_DAEMON_NAMES_H
#define LINKWATCH_DAEMON_NAMES_H

#include <bsd/sys/tree.h>
#include <stddef.h>

#include "daemon/link.h"

/* One name of one link. The text is not copied; it may be replaced by an equal one. */
struct name {
    RB_ENTRY(name) node;
    const char *text;
    int ifindex;
    unsigned place; /* among the names of that link */
};

/* All names of one link, whose text they have. */
struct link_names {
    struct name name;
    struct name *altnames; /* as many as the link has; NULL for none */
};

/* They are in no index yet. Their memory counts as the link's own. 0, or -ENOMEM. */
int link_names_init(struct link_names *ret, const struct link *link);
void link_names_free(struct link_names *names, const struct link *link);

/* They have the text of another state of the link, of the same names. */
void link_names_move(struct link_names *names, const struct link *link);

RB_HEAD(name_tree, name);

struct names {
    struct name_tree tree;
    size_t shared; /* bearers of a name beside its first */
};

void names_init(struct names *names);

/* The caller keeps the names of that link until they are removed. */
void names_insert(struct names *names, struct link_names *of_link, const struct link *link);
void names_remove(struct names *names, struct link_names *of_link, const struct link *link);

/* The link with the smallest index above that one that bears the name, 0 for none. */
int names_bearer(const struct names *names, const char *text, int ifindex);

#endif
