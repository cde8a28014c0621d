/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/watched.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/address_rows.h"
#include "client/ctl/event_json.h"
#include "client/ctl/event_lines.h"
#include "client/ctl/json_members.h"
#include "client/ctl/link_rows.h"
#include "client/ctl/netns_label.h"
#include "protocol/clock.h"

/* So long the connection of one namespace may be down before that is reported: if the daemon is
 * away, that is reported once. In microseconds. */
#define PUT_OFF 1000000

/* Of a name under which the files change that fast, the next reading shows what became of it. */
#define OPEN_TRIES 3

static bool is_text(const struct watched *watched)
{
    return !watched->monitor->ctl->json;
}

/* Whether what happens isn't what is written, event by event. */
static bool holds(const struct watched *watched)
{
    return watched->monitor->ctl->hold_up > 0 || watched->monitor->ctl->hold_down > 0;
}

/* Whether events are written as lines now. */
static bool shows(const struct watched *watched)
{
    return is_text(watched) && watched->monitor->started;
}

static const struct event_filter *filter_of(const struct watched *watched)
{
    return &watched->monitor->ctl->events;
}

/* The one whose connection stands for the daemon. */
static bool is_first(const struct watched *watched)
{
    return watched == watched->monitor->items[0];
}

static struct lines lines_of(const struct watched *watched)
{
    return (struct lines){.output = &watched->monitor->output,
                          .label = watched->label,
                          .holds = holds(watched),
                          .day = &watched->monitor->day};
}

static void print_message(const struct watched *watched, const char *json)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (!to)
        return;
    netns_write_object(to, watched->members, json);
    if (fclose(to) == 0)
        ctl_print_json(watched->monitor->ctl, text);
    free(text);
}

/* As JSON: what differs when a connection is there again, in the words of the daemon's events; or,
 * where something is held, every event. */
static void print_event(const struct watched *watched, const char *type, const char *member,
                        const char *before, const char *now, const struct linkwatch_event *event)
{
    char *text = NULL;
    size_t size;
    FILE *to;

    if (is_text(watched) || !watched->known ||
        (!holds(watched) && linkwatch_event_learned(event) != LINKWATCH_LEARNED_SNAPSHOT))
        return;
    to = open_memstream(&text, &size);
    if (!to)
        return;
    event_json_write(to, type, member, before, now, event);
    if (fclose(to) == 0)
        print_message(watched, text);
    free(text);
}

/* Whether that is the first snapshot, where its messages don't show it. */
static bool is_first_snapshot(const struct watched *watched)
{
    return !is_text(watched) && holds(watched) && !watched->known;
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

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    const struct watched *watched = user;
    struct lines lines = lines_of(watched);

    if (is_first_snapshot(watched))
        print_snapshot(watched, "link", linkwatch_link_json(link));
    if (!event_filter_passes_link(filter_of(watched), EVENT_TYPE_ADD, 0))
        return;
    print_event(watched, "add", "link", NULL, linkwatch_link_json(link), event);
    if (shows(watched))
        lines_add(&lines, link, event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *link,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    const struct watched *watched = user;
    struct lines lines = lines_of(watched);

    if (!event_filter_passes_link(filter_of(watched), EVENT_TYPE_CHANGE, fields))
        return;
    print_event(watched, "change", "link", linkwatch_link_json(before), linkwatch_link_json(link),
                event);
    if (shows(watched))
        lines_change(&lines, before, link, fields, event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    const struct watched *watched = user;
    struct lines lines = lines_of(watched);

    if (!event_filter_passes_link(filter_of(watched), EVENT_TYPE_REMOVE, 0))
        return;
    print_event(watched, "remove", "link", NULL, linkwatch_link_json(link), event);
    if (shows(watched))
        lines_remove(&lines, link, event);
}

static void on_address_add(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event)
{
    const struct watched *watched = user;
    struct lines lines = lines_of(watched);

    if (is_first_snapshot(watched))
        print_snapshot(watched, "address", linkwatch_address_json(address));
    if (!event_filter_passes_address(filter_of(watched), EVENT_TYPE_ADD, 0))
        return;
    print_event(watched, "add", "address", NULL, linkwatch_address_json(address), event);
    if (shows(watched))
        address_lines_add(&lines, address, event);
}

static void on_address_change(void *user, struct linkwatch_address *before,
                              struct linkwatch_address *address, linkwatch_fields fields,
                              const struct linkwatch_event *event)
{
    const struct watched *watched = user;
    struct lines lines = lines_of(watched);

    if (!event_filter_passes_address(filter_of(watched), EVENT_TYPE_CHANGE, fields))
        return;
    print_event(watched, "change", "address", linkwatch_address_json(before),
                linkwatch_address_json(address), event);
    if (shows(watched))
        address_lines_change(&lines, before, address, fields, event);
}

static void on_address_remove(void *user, struct linkwatch_address *address,
                              const struct linkwatch_event *event)
{
    const struct watched *watched = user;
    struct lines lines = lines_of(watched);

    if (!event_filter_passes_address(filter_of(watched), EVENT_TYPE_REMOVE, 0))
        return;
    print_event(watched, "remove", "address", NULL, linkwatch_address_json(address), event);
    if (shows(watched))
        address_lines_remove(&lines, address, event);
}

/* Something that isn't about a link: into the text; beside JSON, which has it in its
 * own way or must not have it. */
static void notice(const struct watched *watched, const char *text)
{
    struct lines lines = lines_of(watched);

    if (is_text(watched))
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

static void print_links(const struct monitor *monitor)
{
    struct table *table = links_table_new(monitor->ctl);

    for (size_t i = 0; i < monitor->count; i++)
        add_rows(table, monitor->items[i]);
    if (table_print(table, &monitor->output, monitor->ctl->full) < 0)
        notice(monitor->items[0], "not enough memory to list the links");
    table_free(table);
}

static void print_addresses(const struct monitor *monitor)
{
    struct table *table = addresses_table_new(monitor->ctl);

    for (size_t i = 0; i < monitor->count; i++) {
        const struct linkwatch_mirror *mirror = monitor->items[i]->mirror;
        struct linkwatch_address *address = NULL;

        while (mirror && (address = linkwatch_mirror_next_address(mirror, 0, address)))
            addresses_table_add(table, monitor->items[i]->label, address);
    }
    if (table_print(table, &monitor->output, monitor->ctl->full) < 0)
        notice(monitor->items[0], "not enough memory to list the addresses");
    table_free(table);
}

void monitor_settle(struct monitor *monitor)
{
    bool any = false;

    if (monitor->started)
        return;
    for (size_t i = 0; i < monitor->count; i++) {
        if (!monitor->items[i]->settled)
            return;
        any = any ||
              (monitor->items[i]->mirror && linkwatch_mirror_is_ready(monitor->items[i]->mirror));
    }
    if (!any)
        return;
    if (!monitor->ctl->json && !monitor->ctl->no_list)
        print_links(monitor);
    if (!monitor->ctl->json && !monitor->ctl->no_list && monitor->ctl->addresses)
        print_addresses(monitor);
    monitor->started = true;
}

static void settle(struct watched *watched)
{
    watched->settled = true;
    monitor_settle(watched->monitor);
}

static void on_ready(void *user)
{
    struct watched *watched = user;

    if (watched->ready) {
        print_message(watched, watched->ready);
        output_flush(&watched->monitor->output);
    }
    settle(watched);
    watched->known = true;
}

static void on_lost(void *user, int64_t events)
{
    struct watched *watched = user;
    char text[128];

    if (!is_text(watched) || (events < 0 && !is_first(watched)))
        return;
    if (events < 0)
        snprintf(text, sizeof(text), "the daemon restarted; what changed meanwhile:");
    else
        snprintf(text, sizeof(text),
                 "%lld event%s lost because they arrived faster than they were read; what changed "
                 "meanwhile:",
                 (long long)events, events == 1 ? " was" : "s were");
    notice(watched, text);
}

/* While no links are known: why. */
static void print_failure(struct watched *watched, const struct linkwatch_source *source)
{
    char why[480];
    char text[512];

    ctl_describe_failure(source, why, sizeof(why));
    snprintf(text, sizeof(text), "no links are known: %s", why);
    notice(watched, text);
    settle(watched);
}

static void on_source(void *user, const struct linkwatch_source *source)
{
    struct watched *watched = user;
    char text[512];

    if (!is_text(watched))
        return;
    if (ctl_never_dumped(source)) {
        print_failure(watched, source);
        return;
    }
    if (!watched->known)
        return;
    snprintf(text, sizeof(text), "%s%s: %s", linkwatch_source_is_stale(source) ? "stale, " : "",
             linkwatch_source_standing(source), linkwatch_source_reason(source));
    notice(watched, text);
}

static void on_address_source(void *user, const struct linkwatch_source *source)
{
    struct watched *watched = user;
    char text[512];

    if (!is_text(watched) || (!watched->known && !ctl_never_dumped(source)))
        return;
    snprintf(text, sizeof(text), "addresses: %s%s: %s",
             ctl_never_dumped(source)            ? "none are known, "
             : linkwatch_source_is_stale(source) ? "stale, "
                                                 : "",
             linkwatch_source_standing(source), linkwatch_source_reason(source));
    notice(watched, text);
}

static void on_connected(void *user, bool resumed)
{
    struct watched *watched = user;

    if (watched->heard && (is_first(watched) || watched->reported))
        notice(watched, resumed ? "reconnected; no events were missed" : "reconnected");
    watched->heard = true;
    watched->broken = false;
    watched->reported = false;
}

static bool is_unreachable(int error)
{
    return error == -ENOENT || error == -ECONNREFUSED || error == -EACCES || error == -ENAMETOOLONG;
}

/* Whether that happens to all of them when the daemon goes, or comes under a rush. */
static bool is_passing(int error)
{
    return error == -ENOENT || error == -ECONNREFUSED || error == -ECONNRESET || error == -EAGAIN;
}

static void on_disconnected(void *user, int error, const char *reason)
{
    struct watched *watched = user;
    struct monitor *monitor = watched->monitor;

    if (is_first(watched) && !watched->heard && is_unreachable(error)) {
        monitor->code = ctl_unreachable(monitor->ctl, error);
        monitor->finished = true;
        return;
    }
    watched->broken = true;
    watched->reported = false;
    free(watched->why);
    watched->why = strdup(reason);
    watched->report_at = 0;
    if (!is_first(watched) && is_passing(error))
        watched->report_at = clock_usec(CLOCK_MONOTONIC) + PUT_OFF;
    watched_tick(watched, clock_usec(CLOCK_MONOTONIC));
}

int64_t watched_tick(struct watched *watched, int64_t now)
{
    char text[512];

    if (!watched->broken || watched->reported)
        return INT64_MAX;
    if (!is_first(watched) && watched->monitor->items[0]->broken)
        watched->report_at = now + PUT_OFF;
    if (watched->report_at > now)
        return watched->report_at;
    snprintf(text, sizeof(text), "%s: %s; retrying",
             is_first(watched) ? "no connection to linkwatchd" : "it cannot be monitored",
             watched->why ? watched->why : "out of memory");
    watched->reported = true;
    notice(watched, text);
    settle(watched);
    return INT64_MAX;
}

/* Whether a message shows what is held. */
static bool is_held(const struct watched *watched, const struct json_member *type)
{
    return holds(watched) && (json_is_text(type, "snapshot") || json_is_text(type, "add") ||
                              json_is_text(type, "change") || json_is_text(type, "remove"));
}

static void on_message(void *user, const char *json)
{
    struct watched *watched = user;
    struct json_member type;
    bool is_type = json_find(json, "type", strlen("type"), &type);

    /* After the first snapshot, on_add() and the like print how a snapshot differs, before the
     * "ready" that follows. */
    if (is_type && json_is_text(&type, "snapshot") &&
        (watched->known || watched->monitor->ctl->no_list))
        return;
    if (is_type && is_held(watched, &type))
        return;
    if (!event_filter_passes_json(filter_of(watched), json))
        return;
    if (is_type && json_is_text(&type, "ready")) {
        free(watched->ready);
        watched->ready = strdup(json);
        return;
    }
    print_message(watched, json);
    output_flush(&watched->monitor->output);
}

static int make_mirror(struct watched *watched, struct linkwatch_mirror **ret)
{
    const struct linkwatch_callbacks callbacks = {
        .size = sizeof(callbacks),
        .add = on_add,
        .change = on_change,
        .remove = on_remove,
        .ready = on_ready,
        .lost = on_lost,
        .source = on_source,
        .connected = on_connected,
        .disconnected = on_disconnected,
        .message = is_text(watched) ? NULL : on_message,
        .address_add = on_address_add,
        .address_change = on_address_change,
        .address_remove = on_address_remove,
        .address_source = on_address_source,
    };
    const struct monitor *monitor = watched->monitor;
    int r = linkwatch_mirror_new(monitor->ctl->path, monitor->filter, &callbacks, watched, ret);

    if (r >= 0)
        r = linkwatch_mirror_set_hold(*ret, monitor->ctl->hold_up, monitor->ctl->hold_down);
    return r >= 0 && monitor->ctl->addresses ? linkwatch_mirror_follow_addresses(*ret) : r;
}

/* A mirror of the namespace of that socket, -1 for the daemon's. */
static int mirror_of(struct watched *watched, int fd)
{
    struct linkwatch_mirror *mirror;
    int r = make_mirror(watched, &mirror);

    if (r >= 0 && fd >= 0) {
        r = linkwatch_mirror_enter(mirror, fd);
        if (r < 0)
            linkwatch_mirror_free(mirror);
    }
    if (r >= 0)
        watched->mirror = mirror;
    return r;
}

/* A socket in the namespace that has that name now; and what its file is, for the one that was
 * there when the directory was read may have had the namespace mounted on it since. */
static int open_named(struct netns_name *name)
{
    for (int tries = 1;; tries++) {
        const struct netns_name before = *name;
        int fd, r = linkwatch_netns_open(name->path, &fd);

        if (r < 0)
            return r;
        /* If it is gone again, the next reading shows that. */
        netns_name_identify(name->path, name);
        if (netns_name_is_same_file(&before, name) || tries == OPEN_TRIES)
            return fd;
        close(fd);
    }
}

static int open_mirror(struct watched *watched)
{
    int fd, r;

    if (!watched->name.path)
        return mirror_of(watched, watched->monitor->ctl->netns_fd);
    fd = open_named(&watched->name);
    if (fd < 0)
        return fd;
    r = mirror_of(watched, fd);
    close(fd);
    return r;
}

/* A namespace came or went. */
static void print_netns_event(const struct watched *watched, const char *type, const char *text)
{
    char *json;

    if (!watched->name.path)
        return;
    if (shows(watched))
        notice(watched, text);
    if (is_text(watched))
        return;
    if (asprintf(&json, "{\"type\":\"%s\"}", type) < 0)
        return;
    print_message(watched, json);
    output_flush(&watched->monitor->output);
    free(json);
}

static void report_error(struct watched *watched, int error)
{
    if (watched->error_reported || (watched->name.path && netns_name_is_none(error)))
        return;
    watched->error_reported = true;
    if (watched->name.path)
        ctl_error("the network namespace \"%s\" cannot be entered: %s", watched->name.name,
                  ctl_netns_reason(error));
    else
        ctl_error("cannot start to monitor: %s", strerror(-error));
}

void watched_start(struct watched *watched)
{
    int r = open_mirror(watched);

    watched->retry = r == -ENOMEM || r == -EMFILE || r == -ENFILE;
    if (r < 0) {
        report_error(watched, r);
        settle(watched);
        return;
    }
    print_netns_event(watched, "netns_add", "network namespace added");
}

void watched_end(struct watched *watched)
{
    if (watched->mirror)
        print_netns_event(watched, "netns_remove", "network namespace removed");
}

int watched_new(struct monitor *monitor, struct netns_name *name, struct watched **ret)
{
    struct watched *watched = calloc(1, sizeof(*watched));

    if (!watched)
        return -ENOMEM;
    watched->monitor = monitor;
    if (monitor->ctl->all_netns) {
        watched->label = netns_label(name ? name->name : NULL);
        watched->members = netns_members(name ? name->name : NULL);
        if (!watched->label || !watched->members) {
            watched_free(watched);
            return -ENOMEM;
        }
    }
    if (name) {
        watched->name = *name;
        name->path = NULL;
    }
    *ret = watched;
    return 0;
}

struct watched *watched_free(struct watched *watched)
{
    if (!watched)
        return NULL;
    linkwatch_mirror_free(watched->mirror);
    free(watched->name.path);
    free(watched->label);
    free(watched->members);
    free(watched->why);
    free(watched->ready);
    free(watched);
    return NULL;
}
