/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/link_rows.h"

/* Prints a field's value if it is known; "name value" if a name is given. */
static void print_known(const struct linkwatch_link *link, int field, const char *name)
{
    char *text;

    if (linkwatch_link_format(link, field, &text) < 0)
        return;
    printf(", %s%s", name ? name : "", name ? " " : "");
    output_text(text);
    free(text);
}

void changes_print_link(const struct linkwatch_link *link, const struct output *output)
{
    const char *kind = NULL;
    const char *state;

    if (linkwatch_link_get_string(link, LINKWATCH_FIELD_INFO_KIND, &kind) >= 0 ||
        linkwatch_link_get_string(link, LINKWATCH_FIELD_LINK_TYPE, &kind) >= 0) {
        putchar(' ');
        output_text(kind);
    }
    if (linkwatch_link_get_string(link, LINKWATCH_FIELD_OPERSTATE, &state) >= 0) {
        fputs(", ", stdout);
        output_colour(output, links_state_colour(state));
        output_text(state);
        output_colour(output, PLAIN);
    }
    print_known(link, LINKWATCH_FIELD_MTU, "mtu");
    print_known(link, LINKWATCH_FIELD_ADDRESS, "address");
    print_known(link, LINKWATCH_FIELD_LINK, "link");
    print_known(link, LINKWATCH_FIELD_MASTER, "master");
}

/* Those of the one that the other hasn't. */
static void print_flags(const struct linkwatch_link *of, const struct linkwatch_link *not_of,
                        char sign)
{
    const char *flag = NULL;

    while ((flag = linkwatch_link_next_text(of, LINKWATCH_FIELD_FLAGS, flag)))
        if (linkwatch_link_has_text(not_of, LINKWATCH_FIELD_FLAGS, flag) != 1) {
            printf(" %c", sign);
            output_text(flag);
        }
}

static void print_value(const struct linkwatch_link *link, int field, const struct output *output)
{
    char *text = NULL;
    enum colour colour = PLAIN;

    linkwatch_link_format(link, field, &text);
    if (text && field == LINKWATCH_FIELD_OPERSTATE)
        colour = links_state_colour(text);
    output_colour(output, colour);
    output_text(text ? text : "none");
    output_colour(output, PLAIN);
    free(text);
}

static void print_field(const struct linkwatch_link *before, const struct linkwatch_link *now,
                        int field, const struct output *output)
{
    fputs(linkwatch_field_name(field), stdout);
    if (field == LINKWATCH_FIELD_FLAGS) {
        print_flags(now, before, '+');
        print_flags(before, now, '-');
        return;
    }
    putchar(' ');
    print_value(before, field, output);
    printf(" %s ", output_arrow());
    print_value(now, field, output);
}

/* An index adds nothing to the name that changed with it. */
static linkwatch_fields without_repetitions(linkwatch_fields fields)
{
    if (fields & LINKWATCH_FIELD_MASK(MASTER))
        fields &= ~LINKWATCH_FIELD_MASK(MASTER_IFINDEX);
    if (fields & LINKWATCH_FIELD_MASK(LINK))
        fields &= ~LINKWATCH_FIELD_MASK(LINK_IFINDEX);
    return fields;
}

void changes_print(const struct linkwatch_link *before, const struct linkwatch_link *now,
                   linkwatch_fields fields, const struct output *output)
{
    const char *separator = ": ";

    fields = without_repetitions(fields);

    for (int field = 0; linkwatch_field_name(field); field++)
        if (fields & (UINT64_C(1) << field)) {
            fputs(separator, stdout);
            print_field(before, now, field, output);
            separator = "; ";
        }
    if (!fields)
        fputs(": only fields unknown to this version changed", stdout);
}
