/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/namespaces.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "daemon/eventlog.h"
#include "daemon/link_times.h"
#include "protocol/clock.h"

#define INSTANCE_BYTES 16

struct namespace
{
    struct log *log;
    struct history *history;
    struct namespace_counters counters;
    struct source *source;
    struct stream_origin streams;
    struct namespace_handlers handlers;
    void *user;
    bool settled;
    struct waitlist news; /* who waits for an event after this one */
    uint64_t newest;
    struct waitlist dumps; /* and for the end of a dump after this one */
    uint64_t dump;
};

static int64_t clock_now(void)
{
    return clock_usec(CLOCK_MONOTONIC);
}

static void check_added(const struct namespace *netns, int r)
{
    if (r < 0 && netns->log)
        log_write(netns->log, LOG_ERR, "out of memory: the history was dropped");
}

static struct eventlog_position newest_position(const struct namespace *netns)
{
    return (struct eventlog_position){.instance = history_instance(netns->history),
                                      .sequence = history_newest(netns->history)};
}

static void count_carrier_changes(struct namespace_counters *counters, const struct change *change)
{
    if (change->type != CHANGE_CHANGE)
        return;
    counters->carrier_changes +=
        change->flaps + link_carrier_differs(as_link(change->before), as_link(change->after));
    counters->flaps += change->flaps;
}

static const struct follower *links_of(const struct namespace *netns)
{
    return &namespace_subjects(netns)->followers[SUBJECT_LINKS];
}

static void on_changed(void *user, const struct change *change)
{
    struct namespace *netns = user;
    bool is_link = change_object(change)->subject == SUBJECT_LINKS;
    bool first_dump = !links_of(netns)->has_dumped;
    int64_t realtime = clock_usec(CLOCK_REALTIME);

    if (is_link) {
        link_times_follow(change, realtime, first_dump);
        count_carrier_changes(&netns->counters, change);
    }
    check_added(netns, history_add_change(netns->history, change, realtime, clock_now()));
    if (is_link && netns->log)
        eventlog_change(netns->log, change, newest_position(netns), first_dump);
}

/* Those who wait for it have no event to wait for. */
static void on_addresses_known(void *user)
{
    struct namespace *netns = user;

    netns->streams.addresses = subjects_addresses(namespace_subjects(netns));
    netns->streams.addresses_from = history_newest(netns->history);
    waitlist_wake(&netns->news);
}

static void on_addresses_over(void *user)
{
    ((struct namespace *)user)->streams.addresses = NULL;
}

static void on_reported(void *user, enum subject_number subject,
                        const struct standing_report *before, const struct standing_report *after)
{
    struct namespace *netns = user;

    check_added(netns, history_add_source(netns->history, subject, after,
                                          clock_usec(CLOCK_REALTIME), clock_now()));
    if (subject != SUBJECT_LINKS)
        return;
    if (netns->log)
        eventlog_report(netns->log, before, after, netns->settled);
    if (netns->handlers.reported)
        netns->handlers.reported(netns->user);
}

static void wake(struct waitlist *list, uint64_t *last, uint64_t now)
{
    if (*last == now)
        return;
    *last = now;
    waitlist_wake(list);
}

static void on_settled(void *user)
{
    struct namespace *netns = user;

    if (!netns->settled && links_of(netns)->has_dumped) {
        netns->settled = true;
        if (netns->handlers.settled)
            netns->handlers.settled(netns->user);
    }
    wake(&netns->news, &netns->newest, history_newest(netns->history));
    wake(&netns->dumps, &netns->dump, subjects_dumps_done(namespace_subjects(netns)));
}

/* What one calls this run of the daemon, in this namespace. */
static bool make_instance(char text[2 * INSTANCE_BYTES + 1])
{
    unsigned char bytes[INSTANCE_BYTES];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

struct namespace *namespace_new(struct ev_loop *loop, struct log *log,
                                const struct source_config *config,
                                const struct source_resources *resources, int socket,
                                size_t history_bytes, const struct namespace_handlers *handlers,
                                void *user)
{
    static const struct source_handlers source_handlers = {
        .subjects = {.changed = on_changed,
                     .addresses_known = on_addresses_known,
                     .addresses_over = on_addresses_over,
                     .reported = on_reported},
        .settled = on_settled};
    const struct subjects *subjects;
    struct namespace *netns = calloc(1, sizeof(*netns));
    char instance[2 * INSTANCE_BYTES + 1];

    if (!netns)
        return NULL;
    TAILQ_INIT(&netns->news);
    TAILQ_INIT(&netns->dumps);
    netns->log = log;
    netns->handlers = *handlers;
    netns->user = user;
    if (make_instance(instance))
        netns->history = history_new(instance, history_bytes);
    if (netns->history)
        netns->source = source_new(loop, config, resources, socket, &source_handlers, netns);
    if (!netns->source)
        return namespace_free(netns);
    subjects = namespace_subjects(netns);
    netns->streams = (struct stream_origin){.history = netns->history,
                                            .table = subjects->links.table,
                                            .reports = subjects->reports,
                                            .clock = clock_now,
                                            .piece_bytes = STREAM_PIECE_BYTES};
    return netns;
}

struct namespace *namespace_free(struct namespace *netns)
{
    if (!netns)
        return NULL;
    source_free(netns->source);
    history_free(netns->history);
    free(netns);
    return NULL;
}

struct waitlist *namespace_news(struct namespace *netns)
{
    return &netns->news;
}

struct waitlist *namespace_dumps(struct namespace *netns)
{
    return &netns->dumps;
}

void namespace_set_history_bytes(struct namespace *netns, size_t bytes)
{
    history_set_bytes_max(netns->history, bytes);
}

void namespace_count(struct namespace *netns, int change)
{
    if (source_count_consumers(netns->source, change) == 0 && netns->handlers.abandoned)
        netns->handlers.abandoned(netns->user);
}

const struct subjects *namespace_subjects(const struct namespace *netns)
{
    return source_subjects(netns->source);
}

struct source *namespace_source(const struct namespace *netns)
{
    return netns->source;
}

const struct history *namespace_history(const struct namespace *netns)
{
    return netns->history;
}

const struct namespace_counters *namespace_counters(const struct namespace *netns)
{
    return &netns->counters;
}

struct stream_origin *namespace_streams(struct namespace *netns)
{
    return &netns->streams;
}
