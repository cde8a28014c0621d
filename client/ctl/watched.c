/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/watched.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/netns_label.h"
#include "client/ctl/watched_report.h"
#include "protocol/clock.h"

/* So long the connection of one namespace may be down before that is reported: if the daemon is
 * away, that is reported once. In microseconds. */
#define PUT_OFF 1000000

/* Of a name under which the files change that fast, the next reading shows what became of it. */
#define OPEN_TRIES 3

/* The one whose connection stands for the daemon. */
static bool is_first(const struct watched *watched)
{
    return watched == watched->monitor->items[0];
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
    watched_report_list(monitor);
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

    if (watched->ready)
        watched_report_message(watched, watched->ready);
    settle(watched);
    watched->known = true;
}

static void on_lost(void *user, int64_t events)
{
    struct watched *watched = user;
    char text[128];

    if (!watched_report_is_text(watched) || (events < 0 && !is_first(watched)))
        return;
    if (events < 0)
        snprintf(text, sizeof(text), "the daemon restarted; what changed meanwhile:");
    else
        snprintf(text, sizeof(text),
                 "%lld event%s lost because they arrived faster than they were read; what changed "
                 "meanwhile:",
                 (long long)events, events == 1 ? " was" : "s were");
    watched_report_notice(watched, text);
}

/* While no links are known: why. */
static void print_failure(struct watched *watched, const struct linkwatch_source *source)
{
    char why[480];
    char text[512];

    ctl_describe_failure(source, why, sizeof(why));
    snprintf(text, sizeof(text), "no links are known: %s", why);
    watched_report_notice(watched, text);
    settle(watched);
}

static void on_source(void *user, const struct linkwatch_source *source)
{
    struct watched *watched = user;
    char text[512];

    if (!watched_report_is_text(watched))
        return;
    if (ctl_never_dumped(source)) {
        print_failure(watched, source);
        return;
    }
    if (!watched->known)
        return;
    snprintf(text, sizeof(text), "%s%s: %s", linkwatch_source_is_stale(source) ? "stale, " : "",
             linkwatch_source_standing(source), linkwatch_source_reason(source));
    watched_report_notice(watched, text);
}

static void on_address_source(void *user, const struct linkwatch_source *source)
{
    struct watched *watched = user;
    char text[512];

    if (!watched_report_is_text(watched) || (!watched->known && !ctl_never_dumped(source)))
        return;
    snprintf(text, sizeof(text), "addresses: %s%s: %s",
             ctl_never_dumped(source)            ? "none are known, "
             : linkwatch_source_is_stale(source) ? "stale, "
                                                 : "",
             linkwatch_source_standing(source), linkwatch_source_reason(source));
    watched_report_notice(watched, text);
}

static void on_connected(void *user, bool resumed)
{
    struct watched *watched = user;

    if (watched->was_connected && (is_first(watched) || watched->reported))
        watched_report_notice(watched,
                              resumed ? "reconnected; no events were missed" : "reconnected");
    watched->was_connected = true;
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

    if (is_first(watched) && !watched->was_connected && is_unreachable(error)) {
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
    watched_report_notice(watched, text);
    settle(watched);
    return INT64_MAX;
}

static int make_mirror(struct watched *watched, struct linkwatch_mirror **ret)
{
    struct linkwatch_callbacks callbacks = {
        .size = sizeof(callbacks),
        .ready = on_ready,
        .lost = on_lost,
        .source = on_source,
        .connected = on_connected,
        .disconnected = on_disconnected,
        .address_source = on_address_source,
    };
    const struct monitor *monitor = watched->monitor;
    int r;

    watched_report_callbacks(watched, &callbacks);
    r = linkwatch_mirror_new(monitor->ctl->path, monitor->filter, &callbacks, watched, ret);
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
    if (watched_report_shows(watched))
        watched_report_notice(watched, text);
    if (watched_report_is_text(watched))
        return;
    if (asprintf(&json, "{\"type\":\"%s\"}", type) < 0)
        return;
    watched_report_message(watched, json);
    free(json);
}

static void report_error(struct watched *watched, int error)
{
    if (watched->error_reported || (watched->name.path && netns_name_is_none(error)))
        return;
    watched->error_reported = true;
    if (watched->name.path)
        ctl_netns_failed(watched->name.name, error);
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
