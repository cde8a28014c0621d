/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How lines and JSON objects name the network namespace that they are about. */
#ifndef LINKWATCH_CLIENT_CTL_NETNS_LABEL_H
#define LINKWATCH_CLIENT_CTL_NETNS_LABEL_H

#include <stdio.h>

/* One word that is safe to show: a name as --netns takes it, with escapes for blanks, too; "-"
 * for NULL, the daemon's own namespace. To be freed. NULL without memory. */
char *netns_label(const char *name);

/* "netns": with the name, or null; and "netns_bytes" if it is not UTF-8, as the daemon writes
 * names of links. To be freed. NULL without memory. */
char *netns_members(const char *name);

/* Writes a JSON object with those members before its own; NULL for none. */
void netns_write_object(FILE *to, const char *members, const char *object);

#endif
