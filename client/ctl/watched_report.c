/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/watched_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/address_rows.h"
#include "client/ctl/event_json.h"
#include "client/ctl/event_lines.h"
#include "client/ctl/link_rows.h"
#include "client/ctl/netns_label.h"
#include "protocol/json.h"

bool watched_report_is_text(const struct watched *watched)
{
    return !watched->monitor->ctl->json;
}

/* Whether what happens isn't what is written, event by event. */
static bool holds(const struct watched *watched)
{
    return watched->monitor->ctl->hold_up > 0 || watched->monitor->ctl->hold_down > 0;
}

bool watched_report_shows(const struct watched *watched)
{
    return watched_report_is_text(watched) && watched->monitor->started;
}

static const struct event_filter *filter_of(const struct watched *watched)
{
    return &watched->monitor->ctl->events;
}

static struct lines lines_of(const struct watched *watched)
{
    return (struct lines){.output = &watched->monitor->output,
                          .label = watched->label,
                          .holds = holds(watched),
                          .day = &watched->monitor->day};
}

struct message {
    const struct watched *watched;
    const char *json;
};

static void write_message(FILE *to, const void *what)
{
    const struct message *message = what;

    netns_write_object(to, message->watched->members, message->json);
}

static void print_message(const struct watched *watched, const char *json)
{
    const struct message message = {watched, json};

    ctl_write_json(watched->monitor->ctl, write_message, &message);
}

/* As JSON: what differs when a connection is there again, in the words of the daemon's events; or,
 * where something is held, every event. */
static void print_event(const struct watched *watched, enum event_type type, const char *member,
                        const char *before, const char *now, const struct linkwatch_event *event)
{
    char *text;

    if (watched_report_is_text(watched) || !watched->known ||
        (!holds(watched) && linkwatch_event_learned(event) != LINKWATCH_LEARNED_SNAPSHOT))
        return;
    text = event_json(type, member, before, now, event);
    if (text)
        print_message(watched, text);
    free(text);
}

/* Whether that is the first snapshot, where its messages don't show it. */
static bool is_first_snapshot(const struct watched *watched)
{
    return !watched_report_is_text(watched) && holds(watched) && !watched->known;
}

static void print_snapshot(const struct watched *watched, const char *member, const char *now)
{
    char *text;

    if (watched->monitor->ctl->no_list ||
        asprintf(&text, "{\"type\":\"snapshot\",\"%s\":%s}", member, now) < 0)
        return;
    print_message(watched, text);
    free(text);
}

/* before is for a change alone, and so are the fields; also below. */
static void report_link(const struct watched *watched, enum event_type type,
                        const struct linkwatch_link *before, const struct linkwatch_link *link,
                        linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct lines lines = lines_of(watched);

    if (!event_filter_passes_link(filter_of(watched), type, fields))
        return;
    print_event(watched, type, "link", before ? linkwatch_link_json(before) : NULL,
                linkwatch_link_json(link), event);
    if (watched_report_shows(watched))
        lines_link(&lines, type, before, link, fields, event);
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    if (is_first_snapshot(user))
        print_snapshot(user, "link", linkwatch_link_json(link));
    report_link(user, EVENT_ADD, NULL, link, 0, event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *link,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    report_link(user, EVENT_CHANGE, before, link, fields, event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    report_link(user, EVENT_REMOVE, NULL, link, 0, event);
}

static void report_address(const struct watched *watched, enum event_type type,
                           const struct linkwatch_address *before,
                           const struct linkwatch_address *address, linkwatch_fields fields,
                           const struct linkwatch_event *event)
{
    struct lines lines = lines_of(watched);

    if (!event_filter_passes_address(filter_of(watched), type, fields))
        return;
    print_event(watched, type, "address", before ? linkwatch_address_json(before) : NULL,
                linkwatch_address_json(address), event);
    if (watched_report_shows(watched))
        lines_address(&lines, type, before, address, fields, event);
}

static void on_address_add(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event)
{
    if (is_first_snapshot(user))
        print_snapshot(user, "address", linkwatch_address_json(address));
    report_address(user, EVENT_ADD, NULL, address, 0, event);
}

static void on_address_change(void *user, struct linkwatch_address *before,
                              struct linkwatch_address *address, linkwatch_fields fields,
                              const struct linkwatch_event *event)
{
    report_address(user, EVENT_CHANGE, before, address, fields, event);
}

static void on_address_remove(void *user, struct linkwatch_address *address,
                              const struct linkwatch_event *event)
{
    report_address(user, EVENT_REMOVE, NULL, address, 0, event);
}

void watched_report_message(const struct watched *watched, const char *json)
{
    print_message(watched, json);
    output_flush(&watched->monitor->output);
}

/* Whether on_add() and the like print what a message of that type shows: what is held; and, after
 * the first snapshot, how a later one differs, before the "ready" that follows. */
static bool is_printed_elsewhere(const struct watched *watched, const char *type)
{
    if (strcmp(type, "snapshot") == 0)
        return holds(watched) || watched->known || watched->monitor->ctl->no_list;
    return holds(watched) &&
           (strcmp(type, "add") == 0 || strcmp(type, "change") == 0 || strcmp(type, "remove") == 0);
}

static void on_message(void *user, const char *json)
{
    struct watched *watched = user;
    json_t *message = NULL;
    const char *type = "";

    if (json_read(json, strlen(json), 0, NULL, &message) < 0) {
        watched->monitor->code = ctl_out_of_memory();
        return;
    }
    json_unpack(message, "{s:s}", "type", &type);
    if (strcmp(type, "ready") == 0) {
        free(watched->ready);
        watched->ready = strdup(json);
    } else if (!is_printed_elsewhere(watched, type) &&
               event_filter_passes_message(filter_of(watched), message)) {
        watched_report_message(watched, json);
    }
    json_decref(message);
}

void watched_report_callbacks(const struct watched *watched, struct linkwatch_callbacks *callbacks)
{
    callbacks->add = on_add;
    callbacks->change = on_change;
    callbacks->remove = on_remove;
    callbacks->address_add = on_address_add;
    callbacks->address_change = on_address_change;
    callbacks->address_remove = on_address_remove;
    callbacks->message = watched_report_is_text(watched) ? NULL : on_message;
}

void watched_report_notice(const struct watched *watched, const char *text)
{
    struct lines lines = lines_of(watched);

    if (watched_report_is_text(watched))
        lines_notice(&lines, text);
    else if (watched->name.path)
        ctl_error("network namespace \"%s\": %s", watched->name.name, text);
    else
        ctl_error("%s", text);
}

static void add_rows(struct table *table, const struct watched *watched)
{
    struct linkwatch_link *link;
    int ifindex = 0;

    if (!watched->mirror)
        return;
    while ((link = linkwatch_mirror_next(watched->mirror, ifindex))) {
        links_table_add(table, watched->label, link);
        ifindex = linkwatch_link_ifindex(link);
    }
}

static struct table *links_of(const struct monitor *monitor)
{
    struct table *table = links_table_new(monitor->ctl);

    for (size_t i = 0; i < monitor->count; i++)
        add_rows(table, monitor->items[i]);
    return table;
}

static struct table *addresses_of(const struct monitor *monitor)
{
    struct table *table = addresses_table_new(monitor->ctl);

    for (size_t i = 0; i < monitor->count; i++) {
        const struct linkwatch_mirror *mirror = monitor->items[i]->mirror;
        struct linkwatch_address *address = NULL;

        while (mirror && (address = linkwatch_mirror_next_address(mirror, 0, address)))
            addresses_table_add(table, monitor->items[i]->label, address);
    }
    return table;
}

static void print_table(const struct monitor *monitor, struct table *table)
{
    if (table_print(table, &monitor->output, monitor->ctl->full) < 0)
        watched_report_notice(monitor->items[0], "out of memory: the list is not shown");
    table_free(table);
}

void watched_report_list(const struct monitor *monitor)
{
    if (monitor->ctl->json || monitor->ctl->no_list)
        return;
    print_table(monitor, links_of(monitor));
    if (monitor->ctl->addresses)
        print_table(monitor, addresses_of(monitor));
}
