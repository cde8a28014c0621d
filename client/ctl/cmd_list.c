/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl list. */
#include <stdio.h>

#include "client/ctl/ctl.h"
#include "client/ctl/fetch.h"
#include "client/ctl/link_rows.h"
#include "client/ctl/netns_label.h"
#include "client/ctl/output.h"
#include "client/ctl/print_fetched.h"

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

static int print_table(const struct fetch *fetch, const struct ctl *ctl,
                       const struct output *output)
{
    struct table *table;
    int r;

    if (fetch_count(fetch) == 0)
        return 0;
    table = links_table_new(ctl);
    for (size_t i = 0; i < fetch->count; i++)
        for (size_t j = 0; j < fetch->items[i].count; j++)
            links_table_add(table, fetch->items[i].label, fetch->items[i].links[j]);
    r = table_print(table, output, ctl->full);
    table_free(table);
    return r;
}

int ctl_list(const struct ctl *ctl)
{
    static const struct fetched_printer printer = {write_array, print_table};
    struct fetch fetch;
    int code = fetch_links(ctl, &fetch);

    if (fetch.count > 0)
        code = print_fetched(&fetch, ctl, code, &printer);
    fetch_clear(&fetch);
    return code;
}
