/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/address_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 160

/* "10.0.0.1/24", "10.0.0.1 peer 10.0.0.2/32": as ip(8) prints it. */
static const char *describe(const struct linkwatch_address *address, char text[TEXT_SIZE])
{
    const char *peer = NULL;
    int64_t prefixlen = 0;

    linkwatch_address_get_string(address, LINKWATCH_ADDRESS_FIELD_ADDRESS, &peer);
    linkwatch_address_get_integer(address, LINKWATCH_ADDRESS_FIELD_PREFIXLEN, &prefixlen);
    snprintf(text, TEXT_SIZE, "%s%s%s/%" PRId64, linkwatch_address_local(address),
             peer ? " peer " : "", peer ? peer : "", prefixlen);
    return text;
}

struct table *addresses_table_new(const struct ctl *ctl)
{
    static const char *const head[] = {"LINK",  "FAMILY",    "ADDRESS", "SCOPE",
                                       "VALID", "PREFERRED", "FLAGS"};

    return ctl_table_new(ctl, head, sizeof(head) / sizeof(head[0]));
}

static bool is_lifetime(int field)
{
    return field == LINKWATCH_ADDRESS_FIELD_VALID_LIFE_TIME ||
           field == LINKWATCH_ADDRESS_FIELD_PREFERRED_LIFE_TIME;
}

/* A field's value as ip(8) prints it, to be freed; NULL without one. */
static char *format(const struct linkwatch_address *address, int field)
{
    char *text = NULL;
    int64_t seconds;

    if (is_lifetime(field)) {
        if (linkwatch_address_get_integer(address, field, &seconds) < 0)
            return NULL;
        if (seconds == LINKWATCH_LIFE_FOREVER)
            return strdup("forever");
        return asprintf(&text, "%" PRId64 "sec", seconds) < 0 ? NULL : text;
    }
    if (linkwatch_address_format(address, field, &text) >= 0 && *text)
        return text;
    free(text);
    return NULL;
}

/* Whether it is of no use: not yet, or not at all. */
static bool is_useless(const struct linkwatch_address *address)
{
    return linkwatch_address_has_text(address, LINKWATCH_ADDRESS_FIELD_FLAGS, "tentative") == 1 ||
           linkwatch_address_has_text(address, LINKWATCH_ADDRESS_FIELD_FLAGS, "dadfailed") == 1;
}

void addresses_table_add(struct table *table, const char *label,
                         const struct linkwatch_address *address)
{
    char text[TEXT_SIZE];

    if (label)
        table_add_clean(table, label, PLAIN);
    table_take(table, format(address, LINKWATCH_ADDRESS_FIELD_IFNAME), BOLD);
    table_take(table, format(address, LINKWATCH_ADDRESS_FIELD_FAMILY), PLAIN);
    table_add(table, describe(address, text), is_useless(address) ? YELLOW : PLAIN);
    table_take(table, format(address, LINKWATCH_ADDRESS_FIELD_SCOPE), PLAIN);
    table_take(table, format(address, LINKWATCH_ADDRESS_FIELD_VALID_LIFE_TIME), PLAIN);
    table_take(table, format(address, LINKWATCH_ADDRESS_FIELD_PREFERRED_LIFE_TIME), PLAIN);
    table_take(table, format(address, LINKWATCH_ADDRESS_FIELD_FLAGS), PLAIN);
}

void address_line_print(const struct linkwatch_address *address)
{
    const char *name, *family = NULL;
    char text[TEXT_SIZE];

    linkwatch_address_get_string(address, LINKWATCH_ADDRESS_FIELD_FAMILY, &family);
    printf("%20s: ", family);
    output_text(describe(address, text));
    for (int field = LINKWATCH_ADDRESS_FIELD_METRIC; (name = linkwatch_address_field_name(field));
         field++)
        output_member(field == LINKWATCH_ADDRESS_FIELD_FLAGS ? NULL : name, format(address, field));
    putchar('\n');
}

static void print_changes(const struct linkwatch_address *before,
                          const struct linkwatch_address *now, linkwatch_fields fields,
                          const struct output *output)
{
    const char *separator = ": ";

    for (int field = 0; linkwatch_address_field_name(field); field++)
        if (fields & (UINT64_C(1) << field)) {
            printf("%s%s ", separator, linkwatch_address_field_name(field));
            output_change(output, format(before, field), format(now, field), NULL);
            separator = "; ";
        }
}

void lines_address(const struct lines *lines, enum event_type type,
                   const struct linkwatch_address *before, const struct linkwatch_address *address,
                   linkwatch_fields fields, const struct linkwatch_event *event)
{
    char text[TEXT_SIZE];

    /* In something that this version does not know. */
    if (type == EVENT_CHANGE && !fields)
        return;
    lines_begin(lines, linkwatch_address_ifname(address), linkwatch_address_ifindex(address), type,
                event);
    fputs(" address ", stdout);
    output_text(describe(address, text));
    if (type == EVENT_CHANGE) {
        print_changes(before, address, fields, lines->output);
    } else if (type == EVENT_REMOVE && linkwatch_event_learned(event) == LINKWATCH_LEARNED_FILTER) {
        fputs(" still exists, but its link no longer matches", stdout);
    } else {
        output_member("scope", format(address, LINKWATCH_ADDRESS_FIELD_SCOPE));
        output_member(NULL, format(address, LINKWATCH_ADDRESS_FIELD_FLAGS));
    }
    lines_end(lines, event);
}
