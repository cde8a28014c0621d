/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/status.h"

#include "daemon/clock.h"
#include "daemon/message.h"

/* An object's member that may be unknown. */
static json_t *unless_negative(int64_t value)
{
    return value < 0 ? NULL : json_integer(value);
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *counters(struct namespace *namespace, const struct server_counters *server)
{
    const struct source *source = namespace_source(namespace);
    const struct follower *links = source_links(source);
    const struct follower_counters *counted = &links->counters;

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", /* as in Counters */
        "notifications", number(counted->received.notifications), "dumps", number(counted->dumps),
        "dumps_failed", number(counted->dumps_failed), "overruns",
        number(counted->received.overruns), "contradictions",
        number(standing_report(links->standing)->contradictions), "joins", number(counted->joins),
        "opens", number(source_opens(source)), "malformed", number(counted->received.malformed),
        "events", number(history_newest(namespace_history(namespace))), "events_lost",
        number(namespace_streams(namespace)->events_lost), "sessions", number(server->sessions),
        "sessions_refused", number(server->refused));
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

json_t *status_describe(struct namespace *namespace, int64_t started_usec)
{
    const struct source *source = namespace_source(namespace);
    const struct standing_report *report = standing_report(source_links(source)->standing);
    struct source_state state;

    follower_describe(source_links(source), &state);
    return json_pack("{s:s, s:o, s:o, s:I, s:s, s:o, s:I}", "version", PACKAGE_VERSION, "position",
                     position(namespace_history(namespace)), "source", message_source_state(&state),
                     "interval_usec", (json_int_t)report->interval_usec, "cadence",
                     standing_cadence_name(report->cadence), "links",
                     number(table_count(source_table(source))), "uptime_usec",
                     (json_int_t)(clock_usec(CLOCK_MONOTONIC) - started_usec));
}

json_t *status_statistics(struct namespace *namespace, const struct entered *entered,
                          const struct server *server)
{
    const struct source *source = namespace_source(namespace);
    const struct standing_report *report = standing_report(source_links(source)->standing);
    const struct server_limits *limits = server_limits(server);

    return json_pack(
        "{s:o*, s:o*, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "dump_cost_usec", unless_negative(report->dump_cost_usec), "receive_buffer",
        unless_negative(source_receive_buffer(source)), "history",
        history(namespace_history(namespace)), "sessions", number(server_session_count(server)),
        "sessions_max", number(limits->users.sessions), "sessions_per_user_max",
        number(limits->users.sessions_per_user), "namespaces", number(entered_count(entered)),
        "namespaces_max", number(entered_limits(entered)->namespaces), "namespaces_per_user_max",
        number(entered_limits(entered)->namespaces_per_user), "namespaces_memory",
        number(entered_bytes(entered)), "namespaces_memory_max",
        number(entered_limits(entered)->bytes), "request_max", number(limits->request),
        "json_depth_max", number(limits->json_depth), "counters",
        counters(namespace, server_counters(server)));
}
