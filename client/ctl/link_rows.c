/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/link_rows.h"

#include <stdlib.h>
#include <string.h>

const char *link_kind(const struct linkwatch_link *link)
{
    const char *kind = NULL;

    if (linkwatch_link_get_string(link, LINKWATCH_FIELD_INFO_KIND, &kind) < 0)
        linkwatch_link_get_string(link, LINKWATCH_FIELD_LINK_TYPE, &kind);
    return kind;
}

const char *link_operstate(const struct linkwatch_link *link)
{
    const char *state = NULL;

    linkwatch_link_get_string(link, LINKWATCH_FIELD_OPERSTATE, &state);
    return state;
}

static enum colour state_colour(const char *state)
{
    if (!state || strcmp(state, "UNKNOWN") == 0)
        return PLAIN;
    if (strcmp(state, "UP") == 0)
        return GREEN;
    return strcmp(state, "DOWN") == 0 ? RED : YELLOW;
}

/* A field's value, to be freed; NULL without one. */
static char *format(const struct linkwatch_link *link, int field)
{
    char *text = NULL;

    linkwatch_link_format(link, field, &text);
    return text;
}

struct table *links_table_new(const struct ctl *ctl)
{
    static const char *const head[] = {"INDEX", "LINK",    "KIND",   "STATE",
                                       "MTU",   "ADDRESS", "MASTER", "FLAGS"};

    return ctl_table_new(ctl, head, sizeof(head) / sizeof(head[0]));
}

void links_table_add(struct table *table, const char *label, const struct linkwatch_link *link)
{
    if (label)
        table_add_clean(table, label, PLAIN);
    table_take(table, format(link, LINKWATCH_FIELD_IFINDEX), PLAIN);
    table_take(table, format(link, LINKWATCH_FIELD_IFNAME), BOLD);
    table_add(table, link_kind(link), PLAIN);
    table_add(table, link_operstate(link), state_colour(link_operstate(link)));
    table_take(table, format(link, LINKWATCH_FIELD_MTU), PLAIN);
    table_take(table, format(link, LINKWATCH_FIELD_ADDRESS), PLAIN);
    table_take(table, format(link, LINKWATCH_FIELD_MASTER), PLAIN);
    table_take(table, format(link, LINKWATCH_FIELD_FLAGS), PLAIN);
}

/* " veth, DOWN, mtu 1500, ..." */
static void print_link(const struct linkwatch_link *link, const struct output *output)
{
    if (link_kind(link)) {
        putchar(' ');
        output_text(link_kind(link));
    }
    if (link_operstate(link)) {
        fputs(", ", stdout);
        output_colour(output, state_colour(link_operstate(link)));
        output_text(link_operstate(link));
        output_colour(output, PLAIN);
    }
    output_member("mtu", format(link, LINKWATCH_FIELD_MTU));
    output_member("address", format(link, LINKWATCH_FIELD_ADDRESS));
    output_member("link", format(link, LINKWATCH_FIELD_LINK));
    output_member("master", format(link, LINKWATCH_FIELD_MASTER));
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
    output_change(output, format(before, field), format(now, field),
                  field == LINKWATCH_FIELD_OPERSTATE ? state_colour : NULL);
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

/* ": mtu 1500 -> 9000; flags +UP -NO-CARRIER" */
static void print_changes(const struct linkwatch_link *before, const struct linkwatch_link *now,
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

void lines_link(const struct lines *lines, enum event_type type,
                const struct linkwatch_link *before, const struct linkwatch_link *link,
                linkwatch_fields fields, const struct linkwatch_event *event)
{
    lines_begin(lines, linkwatch_link_ifname(before ? before : link), linkwatch_link_ifindex(link),
                type, event);
    if (type == EVENT_CHANGE)
        print_changes(before, link, fields, lines->output);
    else if (type == EVENT_REMOVE && linkwatch_event_learned(event) == LINKWATCH_LEARNED_FILTER)
        fputs(" still exists, but no longer matches", stdout);
    else
        print_link(link, lines->output);
    lines_end(lines, event);
}
