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

struct fetch {
    struct fetched *items;
    size_t count;
    size_t capacity;
    bool *matched; /* the arguments of the command line: whether they match any link */
    bool with_addresses;
};

/* The exit code; in any case *ret has what could be fetched, and errors were printed for the
 * rest. */
int fetch_links(const struct ctl *ctl, struct fetch *ret);
/* With the addresses of the links, as far as --family and --scope let them pass. */
int fetch_with_addresses(const struct ctl *ctl, struct fetch *ret);
void fetch_clear(struct fetch *fetch);

/* How many links there are. */
size_t fetch_count(const struct fetch *fetch);

/* The next address of the link with that index, or of any of the links for 0, from a place on that
 * is 0 at first; NULL after the last. */
struct linkwatch_address *fetch_next_address(const struct fetched *fetched, int ifindex,
                                             size_t *place);

/* Prints an error for each named link that isn't there, and returns the exit code. */
int fetch_check(const struct fetch *fetch, const struct ctl *ctl);

#endif
