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

static void check_added(const struct namespace *namespace, int r)
{
    if (r < 0 && namespace->log)
        log_write(namespace->log, LOG_ERR, "out of memory: the history was dropped");
}

static struct eventlog_position newest_position(const struct namespace *namespace)
{
    return (struct eventlog_position){.instance = history_instance(namespace->history),
                                      .sequence = history_newest(namespace->history)};
}

static void count_carrier_changes(struct namespace_counters *counters, const struct change *change)
{
    if (change->type != CHANGE_CHANGE)
        return;
    counters->carrier_changes +=
        change->flaps + link_carrier_differs(change->before, change->after);
    counters->flaps += change->flaps;
}

static const struct follower *links_of(const struct namespace *namespace)
{
    return &namespace_subjects(namespace)->followers[SUBJECT_LINKS];
}

static void on_changed(void *user, const struct change *change)
{
    struct namespace *namespace = user;
    bool first_dump = !links_of(namespace)->has_dumped;
    int64_t realtime = clock_usec(CLOCK_REALTIME);

    link_times_follow(change, realtime, first_dump);
    count_carrier_changes(&namespace->counters, change);
    check_added(namespace, history_add_change(namespace->history, change, realtime, clock_now()));
    if (namespace->log)
        eventlog_change(namespace->log, change, newest_position(namespace), first_dump);
}

static void on_address_changed(void *user, const struct address_change *change)
{
    struct namespace *namespace = user;

    check_added(namespace, history_add_address_change(namespace->history, change,
                                                      clock_usec(CLOCK_REALTIME), clock_now()));
}

/* Those who wait for it have no event to wait for. */
static void on_addresses_known(void *user)
{
    struct namespace *namespace = user;

    namespace->streams.addresses = subjects_addresses(namespace_subjects(namespace));
    namespace->streams.addresses_from = history_newest(namespace->history);
    waitlist_wake(&namespace->news);
}

static void on_addresses_over(void *user)
{
    ((struct namespace *)user)->streams.addresses = NULL;
}

static void on_reported(void *user, enum subject_number subject,
                        const struct standing_report *before, const struct standing_report *after)
{
    struct namespace *namespace = user;

    check_added(namespace, history_add_source(namespace->history, subject, after,
                                              clock_usec(CLOCK_REALTIME), clock_now()));
    if (subject != SUBJECT_LINKS)
        return;
    if (namespace->log)
        eventlog_report(namespace->log, before, after, namespace->settled);
    if (namespace->handlers.reported)
    namespace->handlers.reported(namespace->user);
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
    struct namespace *namespace = user;

    if (!namespace->settled && links_of(namespace)->has_dumped) {
        namespace->settled = true;
        if (namespace->handlers.settled)
        namespace->handlers.settled(namespace->user);
    }
    wake(&namespace->news, &namespace->newest, history_newest(namespace->history));
    wake(&namespace->dumps, &namespace->dump, subjects_dumps_done(namespace_subjects(namespace)));
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
                     .address_changed = on_address_changed,
                     .addresses_known = on_addresses_known,
                     .addresses_over = on_addresses_over,
                     .reported = on_reported},
        .settled = on_settled};
    const struct subjects *subjects;
    struct namespace *namespace = calloc(1, sizeof(*namespace));
    char instance[2 * INSTANCE_BYTES + 1];

    if (!namespace)
        return NULL;
    TAILQ_INIT(&namespace->news);
    TAILQ_INIT(&namespace->dumps);
    namespace->log = log;
    namespace->handlers = *handlers;
    namespace->user = user;
    if (make_instance(instance))
    namespace->history = history_new(instance, history_bytes);
    if (namespace->history)
    namespace->source = source_new(loop, config, resources, socket, &source_handlers, namespace);
    if (!namespace->source)
        return namespace_free(namespace);
    subjects = namespace_subjects(namespace);
    namespace->streams = (struct stream_origin){.history = namespace->history,
                                                .table = subjects->links.table,
                                                .reports = subjects->reports,
                                                .clock = clock_now};
    return namespace;
}

struct namespace *namespace_free(struct namespace *namespace)
{
    if (!namespace)
        return NULL;
    source_free(namespace->source);
    history_free(namespace->history);
    free(namespace);
    return NULL;
}

struct waitlist *namespace_news(struct namespace *namespace)
{
    return &namespace->news;
}

struct waitlist *namespace_dumps(struct namespace *namespace)
{
    return &namespace->dumps;
}

void namespace_set_history_bytes(struct namespace *namespace, size_t bytes)
{
    history_set_bytes_max(namespace->history, bytes);
}

void namespace_count(struct namespace *namespace, int change)
{
    if (source_count_consumers(namespace->source, change) == 0 && namespace->handlers.abandoned)
    namespace->handlers.abandoned(namespace->user);
}

const struct subjects *namespace_subjects(const struct namespace *namespace)
{
    return source_subjects(namespace->source);
}

struct source *namespace_source(const struct namespace *namespace)
{
    return namespace->source;
}

const struct history *namespace_history(const struct namespace *namespace)
{
    return namespace->history;
}

const struct namespace_counters *namespace_counters(const struct namespace *namespace)
{
    return &namespace->counters;
}

struct stream_origin *namespace_streams(struct namespace *namespace)
{
    return &namespace->streams;
}
