/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl list and show. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/ctl.h"
#include "client/ctl/fetch.h"
#include "client/ctl/link_rows.h"
#include "client/ctl/netns_label.h"
#include "client/ctl/output.h"

static void print_object(const struct fetched *fetched, const struct linkwatch_link *link)
{
    const char *json = linkwatch_link_json(link);

    if (fetched->members)
        netns_print_object(fetched->members, json);
    else
        fputs(json, stdout);
}

static void print_array(const struct fetch *fetch)
{
    const char *separator = "";

    putchar('[');
    for (size_t i = 0; i < fetch->count; i++)
        for (size_t j = 0; j < fetch->items[i].count; j++) {
            fputs(separator, stdout);
            print_object(&fetch->items[i], fetch->items[i].links[j]);
            separator = ",";
        }
    puts("]");
}

static int print_table(const struct fetch *fetch, const struct ctl *ctl,
                       const struct output *output)
{
    struct table *table = links_table_new(ctl);
    int r;

    for (size_t i = 0; i < fetch->count; i++)
        for (size_t j = 0; j < fetch->items[i].count; j++)
            links_table_add(table, fetch->items[i].label, fetch->items[i].links[j]);
    r = table_print(table, output);
    table_free(table);
    return r;
}

static int print_list(const struct fetch *fetch, const struct ctl *ctl, int code)
{
    struct output output;

    output_begin(&output, ctl->colour, ctl->pager && !ctl->json);
    if (ctl->json)
        print_array(fetch);
    else if (fetch_count(fetch) > 0 && print_table(fetch, ctl, &output) < 0)
        code = EXIT_FAILED;
    return output_end(&output, code);
}

int ctl_list(const struct ctl *ctl)
{
    struct fetch fetch;
    int code = fetch_links(ctl, &fetch);

    if (fetch.count > 0) {
        int checked = fetch_check(&fetch, ctl);

        code = print_list(&fetch, ctl, code == EXIT_MET ? checked : code);
    }
    fetch_clear(&fetch);
    return code;
}

static void print_fields(const struct linkwatch_link *link, const struct output *output)
{
    const char *name;

    output_colour(output, BOLD);
    printf("%d: ", linkwatch_link_ifindex(link));
    output_text(linkwatch_link_ifname(link));
    output_colour(output, PLAIN);
    putchar('\n');
    for (int field = LINKWATCH_FIELD_ALTNAMES; (name = linkwatch_field_name(field)); field++) {
        char *text;

        if (linkwatch_link_format(link, field, &text) < 0)
            continue;
        printf("%20s: ", name);
        output_text(text);
        putchar('\n');
        free(text);
    }
}

static void print_each(const struct fetched *fetched, const struct ctl *ctl,
                       const struct output *output)
{
    for (size_t i = 0; i < fetched->count; i++) {
        if (ctl->json)
            puts(linkwatch_link_json(fetched->links[i]));
        else
            print_fields(fetched->links[i], output);
    }
}

int ctl_show(const struct ctl *ctl)
{
    struct output output;
    struct fetch fetch;
    int code = fetch_links(ctl, &fetch);

    if (fetch.count > 0) {
        code = fetch_check(&fetch, ctl);
        output_begin(&output, ctl->colour, ctl->pager && !ctl->json);
        print_each(&fetch.items[0], ctl, &output);
        code = output_end(&output, code);
    }
    fetch_clear(&fetch);
    return code;
}
