/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl address. */
#include <stdio.h>

#include "client/ctl/address_rows.h"
#include "client/ctl/ctl.h"
#include "client/ctl/fetch.h"
#include "client/ctl/netns_label.h"
#include "client/ctl/output.h"

static void write_array(FILE *to, const void *what)
{
    const struct fetch *fetch = what;
    const char *separator = "";

    putc('[', to);
    for (size_t i = 0; i < fetch->count; i++) {
        const struct fetched *fetched = &fetch->items[i];
        const struct linkwatch_address *address;
        size_t place = 0;

        while ((address = fetch_next_address(fetched, 0, &place))) {
            fputs(separator, to);
            netns_write_object(to, fetched->members, linkwatch_address_json(address));
            separator = ",";
        }
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
    table = addresses_table_new(ctl);
    for (size_t i = 0; i < fetch->count; i++) {
        const struct linkwatch_address *address;
        size_t place = 0;

        for (; (address = fetch_next_address(&fetch->items[i], 0, &place)); any = true)
            addresses_table_add(table, fetch->items[i].label, address);
    }
    if (any)
        r = table_print(table, output, ctl->full);
    table_free(table);
    return r;
}

int ctl_address(const struct ctl *ctl)
{
    return fetch_and_print(ctl, FETCH_ADDRESSES, print);
}
