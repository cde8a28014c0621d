/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What IF on the command line means: beside names and globs, an index, and name@peer as ip(8)
 * prints it. What a link is called comes first, so that it depends on the links there are. */
#ifndef LINKWATCH_CLIENT_CTL_MEANING_H
#define LINKWATCH_CLIENT_CTL_MEANING_H

#include <stdbool.h>

#include "client/linkwatch.h"

struct meaning {
    char *name;  /* or glob, owned; NULL for an index */
    int ifindex; /* 0 for a name */
};

/* Whether it may be anything else than a name or glob. */
bool meaning_depends(const char *text);

/* list is of all links, NULL if there are none. -ENOMEM. */
int meaning_find(const char *text, const struct linkwatch_list *list, struct meaning *ret);
void meaning_clear(struct meaning *meaning);

bool meaning_matches(const struct meaning *meaning, const struct linkwatch_link *link);

/* A name as a word that is no glob: all of it is escapes. NULL without memory. */
char *meaning_spell_out(const char *name);

#endif
