/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl list. */
#include <stdio.h>

#include "client/ctl/ctl.h"
#include "client/ctl/fetch.h"
#include "client/ctl/link_rows.h"
#include "client/ctl/netns_label.h"
#include "client/ctl/output.h"

static void write_array(FILE *to, const void *what)
{
    const struct fetch *fetch = what;
    const char *separator = "";

    putc('[', to);
    for (size_t i = 0; i < fetch->count; i++)
        for (size_t j = 0; j < fetch->items[i].count; j++) {
            fputs(separator, to);
            netns_write_object(to, fetch->items[i].members,
                               linkwatch_link_json(fetch->items[i].links[j]));
            separator = ",";
        }
    putc(']', to);
}

static int print(const struct fetch *fetch, const struct ctl *ctl, const struct output *output)
{
    struct table *table;
    bool any = false;
    int r = 0;

    if (ctl->json)
        return ctl_write_json(ctl, write_array, fetch);
    table = links_table_new(ctl);
    for (size_t i = 0; i < fetch->count; i++)
        for (size_t j = 0; j < fetch->items[i].count; j++, any = true)
            links_table_add(table, fetch->items[i].label, fetch->items[i].links[j]);
    if (any)
        r = table_print(table, output, ctl->full);
    table_free(table);
    return r;
}

int ctl_list(const struct ctl *ctl)
{
    return fetch_and_print(ctl, FETCH_LINKS, print);
}
