/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table that list and monitor show. */
#ifndef LINKWATCH_CLIENT_CTL_LINK_ROWS_H
#define LINKWATCH_CLIENT_CTL_LINK_ROWS_H

#include "client/ctl/ctl.h"
#include "client/ctl/output.h"

/* A table with its head if the command line doesn't refuse it, and with --all-netns with a column
 * for network namespaces. */
struct table *links_table_new(const struct ctl *ctl);

/* label is that of the link's network namespace, NULL in a table without. */
void links_table_add(struct table *table, const char *label, const struct linkwatch_link *link);

/* The colour of an operational state. */
enum colour links_state_colour(const char *state);

#endif
