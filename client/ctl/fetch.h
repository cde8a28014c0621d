/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links that the command line asks for, as they are now. */
#ifndef LINKWATCH_CLIENT_CTL_FETCH_H
#define LINKWATCH_CLIENT_CTL_FETCH_H

#include "client/ctl/ctl.h"
#include "client/linkwatch.h"

/* Those of one network namespace. */
struct fetched {
    char *label;   /* with --all-netns: for text, */
    char *members; /* and for JSON; see netns_label.h. Else NULL */
    struct linkwatch_list *list;
    struct linkwatch_link **links; /* those in it that the command line means */
    size_t count;
    struct linkwatch_address_list *addresses; /* see fetched_addresses.h */
};

struct fetch {
    struct fetched *items;
    size_t count;
    bool *matched; /* the arguments of the command line: whether they match any link */
    bool with_addresses;
};

/* A filter of what the command line names, or the exit code. It may have to list the links
 * first. */
int ctl_filter(const struct ctl *ctl, struct linkwatch_filter **ret);

/* Adds --family and --scope. An error of linkwatch_filter_add_scope(). */
int ctl_filter_addresses(const struct ctl *ctl, struct linkwatch_filter *filter);

/* The exit code; in any case *ret has what could be fetched, and errors were printed for the
 * rest. */
int fetch_links(const struct ctl *ctl, struct fetch *ret);
/* With the addresses of the links. */
int fetch_with_addresses(const struct ctl *ctl, struct fetch *ret);
void fetch_clear(struct fetch *fetch);

/* What an IF means that names one link; a name or glob, to be freed. The exit code. */
int fetch_meaning(const struct ctl *ctl, const char *text, char **ret);

/* Prints why a name can't be asked for, an error of linkwatch_filter_add_name(). The exit code. */
int fetch_wrong_name(const char *name, int error);

/* How many links there are. */
size_t fetch_count(const struct fetch *fetch);

/* Prints an error for each named link that isn't there, and returns the exit code. */
int fetch_check(const struct fetch *fetch, const struct ctl *ctl);

#endif
