/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/link_rows.h"

#include <stdlib.h>
#include <string.h>

enum colour links_state_colour(const char *state)
{
    if (!state || strcmp(state, "UNKNOWN") == 0)
        return PLAIN;
    if (strcmp(state, "UP") == 0)
        return GREEN;
    return strcmp(state, "DOWN") == 0 ? RED : YELLOW;
}

struct table *links_table_new(const struct ctl *ctl)
{
    static const char *const head[] = {"INDEX", "LINK",    "KIND",   "STATE",
                                       "MTU",   "ADDRESS", "MASTER", "FLAGS"};

    return ctl_table_new(ctl, head, sizeof(head) / sizeof(head[0]));
}

static void add_field(struct table *table, const struct linkwatch_link *link, int field,
                      enum colour colour)
{
    char *text = NULL;

    linkwatch_link_format(link, field, &text);
    table_add(table, text, colour);
    free(text);
}

void links_table_add(struct table *table, const char *label, const struct linkwatch_link *link)
{
    const char *kind = NULL;
    const char *state = NULL;

    if (label)
        table_add_clean(table, label, PLAIN);
    add_field(table, link, LINKWATCH_FIELD_IFINDEX, PLAIN);
    add_field(table, link, LINKWATCH_FIELD_IFNAME, BOLD);
    if (linkwatch_link_get_string(link, LINKWATCH_FIELD_INFO_KIND, &kind) < 0)
        linkwatch_link_get_string(link, LINKWATCH_FIELD_LINK_TYPE, &kind);
    table_add(table, kind, PLAIN);
    linkwatch_link_get_string(link, LINKWATCH_FIELD_OPERSTATE, &state);
    table_add(table, state, links_state_colour(state));
    add_field(table, link, LINKWATCH_FIELD_MTU, PLAIN);
    add_field(table, link, LINKWATCH_FIELD_ADDRESS, PLAIN);
    add_field(table, link, LINKWATCH_FIELD_MASTER, PLAIN);
    add_field(table, link, LINKWATCH_FIELD_FLAGS, PLAIN);
}
