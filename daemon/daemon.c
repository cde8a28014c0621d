/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/eventlog.h"
#include "daemon/methods.h"
#include "daemon/namespaces.h"
#include "daemon/rtnl.h"
#include "daemon/systemd.h"
#include "protocol/clock.h"

#define STATUS_SIZE 320

struct daemon {
    struct log *log;
    struct systemd *systemd;
    struct config config;
    const char *socket;
    struct budget budget;
    struct budget_part part; /* of the own namespace */
    struct rtnl_room *room;
    struct namespace *namespace;
    struct entered *entered;
    struct server *server;
    int64_t started_usec; /* of CLOCK_MONOTONIC */
    bool ready;
};

static void status_line(const struct daemon *daemon, char *text, size_t size)
{
    const struct standing_report *report =
        source_reports(namespace_source(daemon->namespace))[SUBJECT_LINKS];
    int error;
    const char *reason = report_reason(report, &error);

    snprintf(text, size, "%s%s%s%s: %s", standing_name(report->standing), error ? " " : "",
             error ? strerrorname_np(error) : "", report->stale ? ", stale" : "", reason);
}

static void on_reported(void *user)
{
    const struct daemon *daemon = user;
    char text[STATUS_SIZE];

    if (!daemon->ready)
        return;
    status_line(daemon, text, sizeof(text));
    systemd_status(daemon->systemd, text);
}

static void on_settled(void *user)
{
    struct daemon *daemon = user;
    const struct source *source = namespace_source(daemon->namespace);
    const struct history *history = namespace_history(daemon->namespace);
    const struct eventlog_position position = {.instance = history_instance(history),
                                               .sequence = history_newest(history)};

    daemon->ready = true;
    server_start(daemon->server);
    eventlog_start(daemon->log, source_reports(source)[SUBJECT_LINKS], position,
                   table_count(source_table(source)), daemon->socket);
    daemon_notify_ready(daemon);
}

static int on_call(void *user, struct connection *connection, const char *message, size_t length,
                   struct answer **ret)
{
    const struct daemon *daemon = user;
    const struct methods_context context = {
        .connection = connection,
        .entered = daemon->entered,
        .namespace = connection_namespace(connection),
        .server = daemon->server,
        .user = connection_user(connection),
        .started_usec = daemon->started_usec,
    };

    return methods_answer(&context, message, length, ret);
}

static void set_budget(struct daemon *daemon, const struct config *config)
{
    budget_set(&daemon->budget, config->budget_ppm, config->interval_min_usec,
               config->interval_max_usec);
}

static bool make_parts(struct daemon *daemon, struct ev_loop *loop,
                       const struct daemon_socket *socket)
{
    static const struct namespace_handlers handlers = {.settled = on_settled,
                                                       .reported = on_reported};
    const struct config *config = &daemon->config;
    struct source_resources resources;

    daemon->started_usec = clock_usec(CLOCK_MONOTONIC);
    set_budget(daemon, config);
    daemon->part.budget = &daemon->budget;
    daemon->room = rtnl_room_new();
    if (!daemon->room)
        return false;
    resources = (struct source_resources){.budget = &daemon->part, .room = daemon->room};
    daemon->namespace = namespace_new(loop, daemon->log, &config->source, &resources, -1,
                                      config->history_bytes, &handlers, daemon);
    if (daemon->namespace)
        daemon->entered = entered_new(loop, daemon->namespace, &daemon->budget, daemon->room);
    if (!daemon->entered)
        return false;
    entered_configure(daemon->entered, &config->namespaces, &config->source, config->history_bytes);
    daemon->server = server_new(loop, daemon->log, socket->fd, socket->made ? socket->path : NULL,
                                &config->limits, daemon->namespace, on_call, daemon);
    return daemon->server;
}

static void drop_socket(const struct daemon_socket *socket)
{
    close(socket->fd);
    if (socket->made)
        unlink(socket->path);
}

struct daemon *daemon_new(struct ev_loop *loop, struct log *log, struct systemd *systemd,
                          const struct config *config, const struct daemon_socket *socket)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));

    if (daemon) {
        daemon->log = log;
        daemon->systemd = systemd;
        daemon->config = *config;
        daemon->socket = socket->path;
        if (make_parts(daemon, loop, socket))
            return daemon;
    }
    if (!daemon || !daemon->server)
        drop_socket(socket);
    return daemon_free(daemon);
}

struct daemon *daemon_free(struct daemon *daemon)
{
    if (!daemon)
        return NULL;
    server_free(daemon->server);
    entered_free(daemon->entered);
    namespace_free(daemon->namespace);
    rtnl_room_free(daemon->room);
    free(daemon);
    return NULL;
}

void daemon_reload(struct daemon *daemon, const struct config *config)
{
    char options[160];
    size_t count = config_needs_restart(&daemon->config, config, options, sizeof(options));

    if (count > 0)
        log_write(daemon->log, LOG_WARNING, "%s changed; %s effect after a restart", options,
                  count == 1 ? "this takes" : "these take");
    log_set_level(daemon->log, config->log_level);
    set_budget(daemon, config);
    source_reconfigure(namespace_source(daemon->namespace), &config->source);
    entered_configure(daemon->entered, &config->namespaces, &config->source, config->history_bytes);
    server_set_limits(daemon->server, &config->limits);
}

void daemon_notify_ready(const struct daemon *daemon)
{
    char text[STATUS_SIZE];

    if (!daemon->ready)
        return;
    status_line(daemon, text, sizeof(text));
    systemd_ready(daemon->systemd, text);
}

struct namespace *daemon_namespace(const struct daemon *daemon)
{
    return daemon->namespace;
}

const struct server *daemon_server(const struct daemon *daemon)
{
    return daemon->server;
}
