/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl list and show. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/ctl.h"
#include "client/ctl/link_rows.h"
#include "client/ctl/output.h"

static int add_names(struct linkwatch_filter *filter, const struct ctl *ctl)
{
    for (int i = 0; i < ctl->count; i++) {
        int r = linkwatch_filter_add_name(filter, ctl->arguments[i]);

        if (r < 0)
            return r;
    }
    return 0;
}

int ctl_filter(const struct ctl *ctl, struct linkwatch_filter **ret)
{
    struct linkwatch_filter *filter;
    int r = linkwatch_filter_new(&filter);

    if (r >= 0) {
        r = add_names(filter, ctl);
        if (r < 0)
            linkwatch_filter_free(filter);
        else
            *ret = filter;
    }
    if (r >= 0)
        return EXIT_MET;
    ctl_complain("%s", strerror(-r));
    return EXIT_FAILED;
}

static struct linkwatch_list *get_links(const struct ctl *ctl, int *ret_code)
{
    struct linkwatch_list *list = NULL;
    struct linkwatch_filter *filter;
    struct linkwatch *connection;
    int r;

    *ret_code = ctl_filter(ctl, &filter);
    if (*ret_code != EXIT_MET)
        return NULL;
    connection = ctl_connect(ctl, ret_code);
    if (connection) {
        r = linkwatch_list(connection, filter, CTL_PATIENCE, &list);
        if (r < 0)
            *ret_code = ctl_call_failed(ctl, connection, r);
    }
    linkwatch_close(connection);
    linkwatch_filter_free(filter);
    return list;
}

static bool is_matched(const struct linkwatch_list *list, const char *glob)
{
    for (size_t i = 0; i < linkwatch_list_count(list); i++)
        if (linkwatch_link_matches(linkwatch_list_get(list, i), glob))
            return true;
    return false;
}

/* Whoever names a link wants to hear if there is none. */
static int check_matches(const struct linkwatch_list *list, const struct ctl *ctl)
{
    int code = EXIT_MET;

    for (int i = 0; i < ctl->count; i++)
        if (!is_matched(list, ctl->arguments[i])) {
            ctl_complain("there is no link \"%s\"", ctl->arguments[i]);
            code = EXIT_FAILED;
        }
    return code;
}

static void print_array(const struct linkwatch_list *list)
{
    putchar('[');
    for (size_t i = 0; i < linkwatch_list_count(list); i++)
        printf("%s%s", i > 0 ? "," : "", linkwatch_link_json(linkwatch_list_get(list, i)));
    puts("]");
}

static int print_table(const struct linkwatch_list *list, const struct output *output)
{
    struct table *table = links_table_new();
    int r;

    for (size_t i = 0; i < linkwatch_list_count(list); i++)
        links_table_add(table, linkwatch_list_get(list, i));
    r = table_print(table, output);
    table_free(table);
    return r;
}

int ctl_list(const struct ctl *ctl)
{
    struct output output;
    int code;
    struct linkwatch_list *list = get_links(ctl, &code);

    if (!list)
        return code;
    code = check_matches(list, ctl);
    output_begin(&output, ctl->pager && !ctl->json);
    if (ctl->json)
        print_array(list);
    else if (linkwatch_list_count(list) > 0 && print_table(list, &output) < 0)
        code = EXIT_FAILED;
    linkwatch_list_free(list);
    return output_end(&output, code);
}

static void print_fields(struct linkwatch_link *link, const struct output *output)
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

int ctl_show(const struct ctl *ctl)
{
    struct output output;
    int code;
    struct linkwatch_list *list = get_links(ctl, &code);

    if (!list)
        return code;
    code = check_matches(list, ctl);
    output_begin(&output, ctl->pager && !ctl->json);
    for (size_t i = 0; i < linkwatch_list_count(list); i++) {
        struct linkwatch_link *link = linkwatch_list_get(list, i);

        if (ctl->json)
            puts(linkwatch_link_json(link));
        else
            print_fields(link, &output);
    }
    linkwatch_list_free(list);
    return output_end(&output, code);
}
