/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl list and show. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/ctl.h"
#include "client/ctl/fetch.h"
#include "client/ctl/link_rows.h"
#include "client/ctl/netns_label.h"
#include "client/ctl/output.h"

static void write_array(FILE *to, const struct fetch *fetch)
{
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

static int print_array(const struct fetch *fetch, const struct ctl *ctl)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    int r;

    if (!to)
        return -ENOMEM;
    write_array(to, fetch);
    r = fclose(to) == 0 ? 0 : -ENOMEM;
    if (r >= 0)
        ctl_print_json(ctl, text);
    free(text);
    return r;
}

static int print_table(const struct fetch *fetch, const struct ctl *ctl,
                       const struct output *output)
{
    struct table *table = links_table_new(ctl);
    int r;

    for (size_t i = 0; i < fetch->count; i++)
        for (size_t j = 0; j < fetch->items[i].count; j++)
            links_table_add(table, fetch->items[i].label, fetch->items[i].links[j]);
    r = table_print(table, output, ctl->full);
    table_free(table);
    return r;
}

static int print_list(const struct fetch *fetch, const struct ctl *ctl, int code)
{
    struct output output;
    int r = 0;

    output_begin(&output, ctl->colour, ctl->pager && !ctl->json);

    if (ctl->json)
        r = print_array(fetch, ctl);
    else if (fetch_count(fetch) > 0)
        r = print_table(fetch, ctl, &output);
    if (r < 0) {
        ctl_error("%s", strerror(-r));
        code = EXIT_FAILED;
    }
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
    const char *name, *reason;

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
    if (linkwatch_link_usable(link, &reason))
        printf("%20s: yes\n", "usable");
    else
        printf("%20s: no, %s\n", "usable", reason);
}

static void print_each(const struct fetched *fetched, const struct ctl *ctl,
                       const struct output *output)
{
    for (size_t i = 0; i < fetched->count; i++) {
        if (ctl->json)
            ctl_print_json(ctl, linkwatch_link_json(fetched->links[i]));
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
