/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl address. */
#include <stdio.h>

#include "client/ctl/address_rows.h"
#include "client/ctl/ctl.h"
#include "client/ctl/fetch.h"
#include "client/ctl/netns_label.h"
#include "client/ctl/output.h"
#include "client/ctl/print_fetched.h"

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

static int print_table(const struct fetch *fetch, const struct ctl *ctl,
                       const struct output *output)
{
    struct table *table = addresses_table_new(ctl);
    bool any = false;
    int r = 0;

    for (size_t i = 0; i < fetch->count; i++) {
        const struct linkwatch_address *address;
        size_t place = 0;

        while ((address = fetch_next_address(&fetch->items[i], 0, &place))) {
            addresses_table_add(table, fetch->items[i].label, address);
            any = true;
        }
    }
    if (any)
        r = table_print(table, output, ctl->full);
    table_free(table);
    return r;
}

/* Whether anything is known to print, be it that there are no addresses. */
static bool is_known(const struct fetch *fetch)
{
    for (size_t i = 0; i < fetch->count; i++)
        if (fetch->items[i].addresses)
            return true;
    return false;
}

int ctl_address(const struct ctl *ctl)
{
    static const struct fetched_printer printer = {write_array, print_table};
    struct fetch fetch;
    int code = fetch_with_addresses(ctl, &fetch);

    if (code == EXIT_MET || is_known(&fetch))
        code = print_fetched(&fetch, ctl, code, &printer);
    fetch_clear(&fetch);
    return code;
}
