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

static json_t *counters(const struct status_origin *origin)
{
    const struct source_counters *source = source_counters(origin->source);
    const struct server_counters *server = server_counters(origin->server);

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", /* as in Counters */
        "notifications", number(source->notifications), "dumps", number(source->dumps),
        "dumps_failed", number(source->dumps_failed), "overruns", number(source->overruns),
        "contradictions", number(source_report(origin->source)->contradictions), "joins",
        number(source->joins), "opens", number(source->opens), "malformed",
        number(source->malformed), "events", number(history_newest(origin->streams->history)),
        "events_lost", number(origin->streams->events_lost), "sessions", number(server->sessions),
        "sessions_refused", number(server->refused));
}

static json_t *history(const struct history *history)
{
    struct history_size size = history_size(history);

    return json_pack("{s:o, s:o, s:o, s:o}", "oldest", number(history_oldest(history)), "events",
                     number(size.events), "bytes", number(size.bytes), "bytes_max",
                     number(size.bytes_max));
}

static json_t *position(const struct status_origin *origin)
{
    const struct history *events = origin->streams->history;

    return message_position(history_instance(events), history_newest(events));
}

json_t *status_describe(const struct status_origin *origin)
{
    const struct watch_report *report = source_report(origin->source);
    const struct server_limits *limits = server_limits(origin->server);
    struct source_state state;

    source_describe(origin->source, &state);
    return json_pack(
        "{s:s, s:o, s:o, s:I, s:s, s:o*, s:o*, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}",
        "version", PACKAGE_VERSION, "position", position(origin), "source",
        message_source_state(&state), "interval_usec", (json_int_t)report->interval_usec, "cadence",
        watch_cadence_name(report->cadence), "look_cost_usec",
        unless_negative(report->look_cost_usec), "receive_buffer",
        unless_negative(source_receive_buffer(origin->source)), "links",
        number(table_count(origin->streams->table)), "history", history(origin->streams->history),
        "sessions", number(server_session_count(origin->server)), "sessions_max",
        number(limits->sessions), "sessions_per_user_max", number(limits->sessions_per_user),
        "request_max", number(limits->request), "json_depth_max", number(limits->json_depth),
        "uptime_usec", (json_int_t)(clock_usec(CLOCK_MONOTONIC) - origin->started_usec), "counters",
        counters(origin));
}
