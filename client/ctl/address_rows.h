/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses, as people read them: the table of address, the lines of show and of monitor. */
#ifndef LINKWATCH_CLIENT_CTL_ADDRESS_ROWS_H
#define LINKWATCH_CLIENT_CTL_ADDRESS_ROWS_H

#include "client/ctl/ctl.h"
#include "client/ctl/event_lines.h"
#include "client/ctl/output.h"

/* As links_table_new() and links_table_add(). */
struct table *addresses_table_new(const struct ctl *ctl);
void addresses_table_add(struct table *table, const char *label,
                         const struct linkwatch_address *address);

/* One line of show. */
void address_line_print(const struct linkwatch_address *address);

/* As lines_link(). */
void lines_address(const struct lines *lines, enum event_type type,
                   const struct linkwatch_address *before, const struct linkwatch_address *address,
                   linkwatch_fields fields, const struct linkwatch_event *event);

#endif
