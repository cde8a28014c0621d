/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table that list and monitor show. */
#ifndef LINKWATCH_CLIENT_CTL_LINK_ROWS_H
#define LINKWATCH_CLIENT_CTL_LINK_ROWS_H

#include "client/ctl/ctl.h"
#include "client/ctl/output.h"

/* A table with its head. */
struct table *links_table_new(void);
void links_table_add(struct table *table, const struct linkwatch_link *link);

/* The colour of an operational state. */
enum colour links_state_colour(const char *state);

/* A filter of the names on the command line, or the exit code. */
int ctl_filter(const struct ctl *ctl, struct linkwatch_filter **ret);

#endif
