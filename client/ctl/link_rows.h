/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links, as people read them: the table of list and monitor, and the lines of monitor. */
#ifndef LINKWATCH_CLIENT_CTL_LINK_ROWS_H
#define LINKWATCH_CLIENT_CTL_LINK_ROWS_H

#include "client/ctl/ctl.h"
#include "client/ctl/event_lines.h"
#include "client/ctl/output.h"

/* Its kind, else its type; and its operational state. NULL if the kernel did not report it. */
const char *link_kind(const struct linkwatch_link *link);
const char *link_operstate(const struct linkwatch_link *link);

/* A table with its head if the command line doesn't refuse it, and with --all-netns with a column
 * for network namespaces. */
struct table *links_table_new(const struct ctl *ctl);

/* label is that of the link's network namespace, NULL in a table without. */
void links_table_add(struct table *table, const char *label, const struct linkwatch_link *link);

/* A line about that event; before is for a change alone, and so are the fields. */
void lines_link(const struct lines *lines, enum event_type type,
                const struct linkwatch_link *before, const struct linkwatch_link *link,
                linkwatch_fields fields, const struct linkwatch_event *event);

#endif
