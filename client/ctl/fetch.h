/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links that the command line asks for, as they are now, and their addresses. */
#ifndef LINKWATCH_CLIENT_CTL_FETCH_H
#define LINKWATCH_CLIENT_CTL_FETCH_H

#include "client/ctl/ctl.h"
#include "client/linkwatch.h"

/* Those of one network namespace. */
struct fetched {
    char *label;   /* with --all-netns: for text, */
    char *members; /* and for JSON; see netns_label.h. Else NULL */
    struct linkwatch_list *list;
    struct linkwatch_link **links; /* those in it that are named */
    size_t count;
    struct linkwatch_address_list *addresses; /* of these links and others; NULL if unknown */
};

enum fetch_what {
    FETCH_LINKS,
    FETCH_ADDRESSES, /* with their links; as far as --family and --scope let them pass */
    FETCH_BOTH,      /* links also where their addresses are unknown */
};

struct fetch {
    enum fetch_what what;
    struct fetched *items;
    size_t count;
    size_t capacity;
    bool *matched; /* the arguments of the command line: whether they match any link */
};

/* The exit code; in any case *ret has what could be fetched, and errors were printed for the
 * rest. */
int fetch_all(const struct ctl *ctl, enum fetch_what what, struct fetch *ret);
void fetch_clear(struct fetch *fetch);

/* The next address of the link with that index, or of any of the links for 0, from a place on that
 * is 0 at first; NULL after the last. */
struct linkwatch_address *fetch_next_address(const struct fetched *fetched, int ifindex,
                                             size_t *place);

/* Prints an error for each named link that isn't there, and returns the exit code. */
int fetch_check(const struct fetch *fetch, const struct ctl *ctl);

/* Prints what could be fetched, after an error for each named link that isn't there. print returns
 * -ENOMEM without memory. The exit code. */
int fetch_and_print(const struct ctl *ctl, enum fetch_what what,
                    int (*print)(const struct fetch *fetch, const struct ctl *ctl,
                                 const struct output *output));

#endif
