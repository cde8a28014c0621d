/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/eventlog.h"
#include "daemon/methods.h"
#include "daemon/namespaces.h"
#include "daemon/rtnl.h"
#include "daemon/server.h"
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
    struct users *users;
    struct entered *entered;
    struct methods methods;
    struct server *server;
    bool ready;
};

static void status_line(const struct daemon *daemon, char *text, size_t size)
{
    const struct standing_report *report =
        namespace_subjects(daemon->namespace)->reports[SUBJECT_LINKS];
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
    const struct subjects *subjects = namespace_subjects(daemon->namespace);
    const struct history *history = namespace_history(daemon->namespace);
    const struct eventlog_position position = {.instance = history_instance(history),
                                               .sequence = history_newest(history)};

    daemon->ready = true;
    server_start(daemon->server);
    eventlog_start(daemon->log, subjects->reports[SUBJECT_LINKS], position,
                   table_count(subjects->links.table), daemon->socket);
    daemon_notify_ready(daemon);
}

static void set_budget(struct daemon *daemon, const struct config *config)
{
    budget_set(&daemon->budget, config->budget_ppm, config->interval_min_usec,
               config->interval_max_usec);
}

/* Random, so that users can't know it. */
static unsigned seed(void)
{
    unsigned value;

    if (getrandom(&value, sizeof(value), 0) != sizeof(value))
        value = (unsigned)clock_usec(CLOCK_MONOTONIC);
    return value;
}

static bool make_namespaces(struct daemon *daemon, struct ev_loop *loop)
{
    static const struct namespace_handlers handlers = {.settled = on_settled,
                                                       .reported = on_reported};
    const struct config *config = &daemon->config;
    struct source_resources resources = {.budget = &daemon->part};

    set_budget(daemon, config);
    daemon->part.budget = &daemon->budget;
    resources.room = daemon->room = rtnl_room_new();
    daemon->users = users_new(geteuid(), seed());
    if (!daemon->room || !daemon->users)
        return false;
    daemon->namespace = namespace_new(loop, daemon->log, &config->source, &resources, -1,
                                      config->history_bytes, &handlers, daemon);
    if (daemon->namespace)
        daemon->entered = entered_new(loop, daemon->namespace, &daemon->budget, daemon->room);
    if (daemon->entered)
        entered_configure(daemon->entered, &config->namespaces, &config->source,
                          config->history_bytes);
    return daemon->entered;
}

static bool make_server(struct daemon *daemon, struct ev_loop *loop,
                        const struct daemon_socket *socket)
{
    const struct server_parts parts = {.log = daemon->log,
                                       .users = daemon->users,
                                       .limits = &daemon->config.limits,
                                       .namespace = daemon->namespace,
                                       .respond = methods_answer,
                                       .respond_user = &daemon->methods};

    daemon->methods = (struct methods){.config = &daemon->config,
                                       .users = daemon->users,
                                       .entered = daemon->entered,
                                       .started_usec = clock_usec(CLOCK_MONOTONIC)};
    daemon->server = server_new(loop, &parts, socket->fd, socket->made ? socket->path : NULL);
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
        if (make_namespaces(daemon, loop) && make_server(daemon, loop, socket))
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
    users_free(daemon->users);
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
    daemon->config.limits = config->limits;
    daemon->config.namespaces = config->namespaces;
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

const struct users *daemon_users(const struct daemon *daemon)
{
    return daemon->users;
}
