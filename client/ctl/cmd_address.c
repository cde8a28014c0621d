/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl address. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/address_rows.h"
#include "client/ctl/ctl.h"
#include "client/ctl/fetch.h"
#include "client/ctl/output.h"

/* The links that the command line means, and all addresses that it lets pass. */
struct shown {
    struct fetch links;
    struct linkwatch_address_list *list;
};

/* Whether it is an address of one of those links. */
static bool is_meant(const struct shown *shown, const struct linkwatch_address *address)
{
    const struct fetched *links = &shown->links.items[0];

    for (size_t i = 0; i < links->count; i++)
        if (linkwatch_link_ifindex(links->links[i]) == linkwatch_address_ifindex(address))
            return true;
    return false;
}

/* The address after that place, which is set to its own. */
static struct linkwatch_address *next(const struct shown *shown, size_t *place)
{
    struct linkwatch_address *address;

    while ((address = linkwatch_address_list_get(shown->list, (*place)++)))
        if (is_meant(shown, address))
            return address;
    return NULL;
}

static int make_filter(const struct ctl *ctl, struct linkwatch_filter **ret)
{
    struct linkwatch_filter *filter;
    int r = linkwatch_filter_new(&filter);

    if (r >= 0 && ctl->family)
        r = linkwatch_filter_add_family(filter, ctl->family);
    if (r >= 0 && ctl->scope)
        r = linkwatch_filter_add_scope(filter, ctl->scope);
    if (r >= 0) {
        *ret = filter;
        return EXIT_MET;
    }
    ctl_error("%s", strerror(-r));
    return EXIT_FAILED;
}

static int fetch(const struct ctl *ctl, struct shown *shown)
{
    struct linkwatch_filter *filter;
    struct linkwatch *connection;
    int code = make_filter(ctl, &filter);
    int r;

    if (code != EXIT_MET)
        return code;
    connection = ctl_connect(ctl, &code);
    if (connection) {
        r = linkwatch_get_addresses(connection, filter, CTL_PATIENCE, &shown->list);
        code = r < 0 ? ctl_call_failed(ctl, connection, r) : EXIT_MET;
    }
    linkwatch_close(connection);
    linkwatch_filter_free(filter);
    return code;
}

static int print_array(const struct ctl *ctl, const struct shown *shown)
{
    const struct linkwatch_address *address;
    const char *separator = "";
    char *text = NULL;
    size_t size, place = 0;
    FILE *to = open_memstream(&text, &size);
    int r;

    if (!to)
        return -ENOMEM;
    putc('[', to);
    while ((address = next(shown, &place))) {
        fprintf(to, "%s%s", separator, linkwatch_address_json(address));
        separator = ",";
    }
    putc(']', to);
    r = fclose(to) == 0 ? 0 : -ENOMEM;
    if (r >= 0)
        ctl_print_json(ctl, text);
    free(text);
    return r;
}

static int print_table(const struct ctl *ctl, const struct shown *shown,
                       const struct output *output)
{
    struct table *table = addresses_table_new(ctl);
    const struct linkwatch_address *address;
    size_t place = 0;
    bool any = false;
    int r = 0;

    while ((address = next(shown, &place))) {
        addresses_table_add(table, NULL, address);
        any = true;
    }
    if (any)
        r = table_print(table, output, ctl->full);
    table_free(table);
    return r;
}

static int print(const struct ctl *ctl, const struct shown *shown)
{
    struct output output;
    int code = fetch_check(&shown->links, ctl);
    int r;

    output_begin(&output, ctl->colour, ctl->pager && !ctl->json);
    r = ctl->json ? print_array(ctl, shown) : print_table(ctl, shown, &output);
    if (r < 0) {
        ctl_error("%s", strerror(-r));
        code = EXIT_FAILED;
    }
    return output_end(&output, code);
}

int ctl_address(const struct ctl *ctl)
{
    struct shown shown = {.list = NULL};
    int code = fetch_links(ctl, &shown.links);

    if (code == EXIT_MET)
        code = fetch(ctl, &shown);
    if (code == EXIT_MET)
        code = print(ctl, &shown);
    linkwatch_address_list_free(shown.list);
    fetch_clear(&shown.links);
    return code;
}
