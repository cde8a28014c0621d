/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl show. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/address_rows.h"
#include "client/ctl/ctl.h"
#include "client/ctl/fetch.h"
#include "client/ctl/output.h"

/* The local time, and how long ago that is. */
static void print_moment(const char *label, int64_t usec, const char *rest)
{
    char moment[MOMENT_SIZE], span[TIMESPAN_SIZE];

    printf("%20s: %s%s, %s ago\n", label, ctl_moment(usec, moment), rest, ctl_age(usec, span));
}

static void print_times(const struct linkwatch_link *link)
{
    bool first_dump = false;
    int64_t usec;

    linkwatch_link_get_boolean(link, LINKWATCH_FIELD_SINCE_FIRST_DUMP, &first_dump);
    if (linkwatch_link_get_integer(link, LINKWATCH_FIELD_SINCE_USEC, &usec) >= 0)
        print_moment("since", usec, first_dump ? " or earlier" : "");
    if (linkwatch_link_get_integer(link, LINKWATCH_FIELD_LAST_UP_USEC, &usec) >= 0)
        print_moment("last up", usec, "");
    if (linkwatch_link_get_integer(link, LINKWATCH_FIELD_LAST_DOWN_USEC, &usec) >= 0)
        print_moment("last down", usec, "");
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

        if (LINKWATCH_FIELDS_UNCOMPARED >> field & 1 ||
            linkwatch_link_format(link, field, &text) < 0)
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
    print_times(link);
}

static void print_text(const struct fetched *fetched, const struct linkwatch_link *link,
                       const struct output *output)
{
    const struct linkwatch_address *address;
    size_t place = 0;

    print_fields(link, output);
    while ((address = fetch_next_address(fetched, linkwatch_link_ifindex(link), &place)))
        address_line_print(address);
}

struct shown {
    const struct fetched *fetched;
    const struct linkwatch_link *link;
};

/* The link's object with its addresses as a further member, if they are known. */
static void write_object(FILE *to, const void *what)
{
    const struct shown *shown = what;
    const char *object = linkwatch_link_json(shown->link);
    const struct linkwatch_address *address;
    const char *separator = "";
    size_t place = 0;

    if (!shown->fetched->addresses) {
        fputs(object, to);
        return;
    }
    fprintf(to, "%.*s,\"addr_info\":[", (int)strlen(object) - 1, object);
    while ((address =
                fetch_next_address(shown->fetched, linkwatch_link_ifindex(shown->link), &place))) {
        fprintf(to, "%s%s", separator, linkwatch_address_json(address));
        separator = ",";
    }
    fputs("]}", to);
}

static int print(const struct fetch *fetch, const struct ctl *ctl, const struct output *output)
{
    const struct fetched *fetched = &fetch->items[0];
    int r = 0;

    for (size_t i = 0; r >= 0 && i < fetched->count; i++) {
        const struct shown shown = {fetched, fetched->links[i]};

        if (ctl->json)
            r = ctl_write_json(ctl, write_object, &shown);
        else
            print_text(fetched, fetched->links[i], output);
    }
    return r;
}

int ctl_show(const struct ctl *ctl)
{
    return fetch_and_print(ctl, FETCH_BOTH, print);
}
