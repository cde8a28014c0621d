/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links that the command line names: as a filter of the library, or as one glob. */
#ifndef LINKWATCH_CLIENT_CTL_RESOLVE_H
#define LINKWATCH_CLIENT_CTL_RESOLVE_H

#include "client/ctl/ctl.h"
#include "client/linkwatch.h"

/* Whether all links must be listed to find those that are named. */
bool resolve_needs_list(const struct ctl *ctl);

/* A filter of the names as they are given; an empty one if all links must be listed. The exit code.
 */
int resolve_names(const struct ctl *ctl, struct linkwatch_filter **ret);

/* A filter of the links that are named now, and of --family and --scope. Lists the links if it
 * must. The exit code. */
int resolve_filter(const struct ctl *ctl, struct linkwatch_filter **ret);

/* Adds --family and --scope. An error of linkwatch_filter_add_scope(). */
int resolve_addresses(const struct ctl *ctl, struct linkwatch_filter *filter);

/* Resolves an IF that names one link, to a name or glob, to be freed. The exit code. */
int resolve_link(const struct ctl *ctl, const char *text, char **ret);

/* Prints why a name cannot be used, an error of linkwatch_filter_add_name(). The exit code. */
int resolve_wrong_name(const char *name, int error);

#endif
