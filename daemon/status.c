/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/status.h"

#include <stdio.h>

#include "daemon/delays.h"
#include "daemon/message.h"
#include "protocol/clock.h"

/* An object's member that may be unknown. */
static json_t *unless_negative(int64_t value)
{
    return value < 0 ? NULL : json_integer(value);
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *counters(struct namespace *namespace, const struct users_counters *users)
{
    const struct subjects *subjects = namespace_subjects(namespace);
    struct follower_counters links = follower_counters(&subjects->followers[SUBJECT_LINKS]);
    const struct namespace_counters *changes = namespace_counters(namespace);

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", /* as in Counters
                                                                                   */
        "notifications", number(links.received.notifications), "dumps", number(links.dumps),
        "dumps_failed", number(links.dumps_failed), "overruns", number(links.received.overruns),
        "contradictions", number(links.contradictions), "joins", number(links.joins), "opens",
        number(source_opens(namespace_source(namespace))), "malformed",
        number(links.received.malformed), "events",
        number(history_newest(namespace_history(namespace))), "events_lost",
        number(namespace_streams(namespace)->events_lost), "carrier_changes",
        number(changes->carrier_changes), "flaps", number(changes->flaps), "sessions",
        number(users->entered), "sessions_refused", number(users->refused));
}

static json_t *address_counters(const struct subjects *subjects)
{
    struct follower_counters addresses = follower_counters(&subjects->followers[SUBJECT_ADDRESSES]);

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", /* as in AddressCounters */
                     "notifications", number(addresses.received.notifications), "dumps",
                     number(addresses.dumps), "dumps_failed", number(addresses.dumps_failed),
                     "contradictions", number(addresses.contradictions), "joins",
                     number(addresses.joins), "malformed", number(addresses.received.malformed),
                     "events", number(addresses.events));
}

/* As in Delays. */
static json_t *delays(const struct delays *delays)
{
    json_t *object = json_pack("{s:o, s:o}", "count", number(delays->count), "sum_usec",
                               json_integer(delays->sum_usec));
    uint64_t within = 0;
    char name[32];

    for (size_t i = 0; i < METRIC_BOUNDS; i++) {
        within += delays->within[i];
        snprintf(name, sizeof(name), "within_%s", metric_bounds[i].name);
        if (json_object_set_new(object, name, number(within)) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *history(const struct history *history)
{
    struct history_size size = history_size(history);

    return json_pack("{s:o, s:o, s:o, s:o}", "oldest", number(history_oldest(history)), "events",
                     number(size.events), "bytes", number(size.bytes), "bytes_max",
                     number(size.bytes_max));
}

static json_t *position(const struct history *history)
{
    return message_position(history_instance(history), history_newest(history));
}

/* Adds what is known of the addresses, while they are followed. */
static int describe_addresses(const struct subjects *subjects, json_t *status)
{
    struct standing *standing = subjects->followers[SUBJECT_ADDRESSES].standing;
    const struct address_table *table = subjects_addresses(subjects);
    const struct standing_report *report;
    json_t *members;
    int r;

    if (!standing)
        return 0;
    report = standing_report(standing);
    members = json_pack("{s:o, s:I, s:s, s:o*}", "address_source", message_source(report),
                        "address_interval_usec", (json_int_t)report->interval_usec,
                        "address_cadence", standing_cadence_name(report->cadence), "addresses",
                        table ? number(address_table_count(table)) : NULL);
    r = json_object_update(status, members);
    json_decref(members);
    return r;
}

json_t *status_describe(struct namespace *namespace, int64_t started_usec)
{
    const struct subjects *subjects = namespace_subjects(namespace);
    const struct standing_report *report =
        standing_report(subjects->followers[SUBJECT_LINKS].standing);
    json_t *status;

    status = json_pack("{s:s, s:o, s:o, s:I, s:s, s:o, s:I}", "version", PACKAGE_VERSION,
                       "position", position(namespace_history(namespace)), "source",
                       message_source(report), "interval_usec", (json_int_t)report->interval_usec,
                       "cadence", standing_cadence_name(report->cadence), "links",
                       number(table_count(subjects->links.table)), "uptime_usec",
                       (json_int_t)(clock_usec(CLOCK_MONOTONIC) - started_usec));
    if (describe_addresses(subjects, status) == 0)
        return status;
    json_decref(status);
    return NULL;
}

static int64_t address_dump_cost(const struct subjects *subjects)
{
    struct standing *standing = subjects->followers[SUBJECT_ADDRESSES].standing;

    return standing ? standing_report(standing)->dump_cost_usec : -1;
}

json_t *status_statistics(struct namespace *namespace, const struct entered *entered,
                          const struct users *users, const struct config *config)
{
    const struct subjects *subjects = namespace_subjects(namespace);
    const struct standing_report *report =
        standing_report(subjects->followers[SUBJECT_LINKS].standing);
    const struct config_limits *limits = &config->limits;
    const struct entered_limits *namespaces = &config->namespaces;

    return json_pack(
        "{s:o*, s:o*, s:o*, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "dump_cost_usec", unless_negative(report->dump_cost_usec), "address_dump_cost_usec",
        unless_negative(address_dump_cost(subjects)), "receive_buffer",
        unless_negative(source_receive_buffer(namespace_source(namespace))), "history",
        history(namespace_history(namespace)), "delays",
        delays(&namespace_streams(namespace)->delays), "sessions", number(users_sessions(users)),
        "sessions_max", number(limits->users.sessions), "sessions_per_user_max",
        number(limits->users.sessions_per_user), "namespaces", number(entered_count(entered)),
        "namespaces_max", number(namespaces->namespaces), "namespaces_per_user_max",
        number(namespaces->namespaces_per_user), "namespaces_memory",
        number(entered_bytes(entered)), "namespaces_memory_max", number(namespaces->bytes),
        "request_max", number(limits->request), "json_depth_max", number(limits->json_depth),
        "counters", counters(namespace, users_counters(users)), "address_counters",
        address_counters(subjects));
}
