/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl history: what happened, from the journal and then from the daemon's own history. */
#include <stdlib.h>
#include <string.h>

#include "client/ctl/history_parts.h"
#include "client/ctl/link_rows.h"
#include "client/ctl/resolve.h"
#include "protocol/clock.h"
#include "protocol/json.h"

/* The journal is read while the daemon waits to be read: it may take its time. */
#define PATIENCE (10 * CTL_PATIENCE)
/* Without --last. */
#define LAST FLAP_DAY

/* What the daemon sends, and what is made of it. */
struct reading {
    struct history *history;
    const struct linkwatch_filter *filter;
    bool begun;
    bool at_first_dump; /* what comes belongs to a link that was there when the daemon began */
    char *message;      /* that is reported next; for JSON */
};

void history_out_of_memory(struct history *history)
{
    if (history->code == EXIT_MET)
        history->code = ctl_out_of_memory();
}

/* Before the first message, what the journal has of the time before it. */
static void begin(struct history *history, json_t *message)
{
    const char *type = "", *instance = "";
    json_int_t sequence = 0;
    int64_t first;

    json_unpack(message, "{s:s, s:{s:s, s:I}}", "type", &type, "position", "instance", &instance,
                "sequence", &sequence);
    first = strcmp(type, "lost") == 0 ? sequence + 1 : 1;
    history_read_journal(history, instance, first);
    if (first == 1)
        history_know_since(history, history->daemon_start);
}

static void on_message(void *user, const char *json)
{
    struct reading *reading = user;
    struct history *history = reading->history;
    json_t *message = NULL;

    if (!reading->begun && json_read(json, strlen(json), 0, NULL, &message) >= 0) {
        begin(history, message);
        reading->begun = true;
    }
    json_decref(message);
    free(reading->message);
    reading->message = history->ctl->json ? strdup(json) : NULL;
    if (history->ctl->json && !reading->message)
        history_out_of_memory(history);
}

static void on_lost(void *user, int64_t events)
{
    const struct reading *reading = user;
    const struct history *history = reading->history;
    char text[96];

    if (reading->message) {
        ctl_print_json(history->ctl, reading->message);
        return;
    }
    if (history->ctl->json || history->has_journal)
        return;
    snprintf(text, sizeof(text), "%lld earlier event%s no longer known to the daemon",
             (long long)events, events == 1 ? " is" : "s are");
    lines_notice(&history->lines, text);
}

static bool is_up(const struct linkwatch_link *link)
{
    return linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP") == 1 &&
           linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "NO-CARRIER") == 0;
}

static int64_t time_of(struct history *history, const struct linkwatch_event *event)
{
    int64_t time;

    if (linkwatch_event_get_realtime(event, &time) < 0)
        time = history->now;
    history_know_since(history, time);
    return time;
}

/* As JSON, an event is as the daemon sent it. */
static void print_event(const struct reading *reading, int64_t time, enum event_type type,
                        struct linkwatch_link *before, struct linkwatch_link *link,
                        linkwatch_fields fields, const struct linkwatch_event *event)
{
    const struct history *history = reading->history;

    if (time < history->last)
        return;
    if (reading->message)
        ctl_print_json(history->ctl, reading->message);
    else if (!history->ctl->json)
        lines_link(&history->lines, type, before, link, fields, event);
}

/* What was there when the daemon began is no event; nor is that others name it from then on. */
static bool was_there(struct reading *reading, const struct linkwatch_link *link, int64_t time,
                      const struct linkwatch_event *event)
{
    int64_t since = -1;
    bool first_dump = false;

    linkwatch_link_get_integer(link, LINKWATCH_FIELD_SINCE_USEC, &since);
    linkwatch_link_get_boolean(link, LINKWATCH_FIELD_SINCE_FIRST_DUMP, &first_dump);
    if (!first_dump || since != time)
        return false;
    reading->at_first_dump = linkwatch_event_more_follows(event);
    return true;
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct reading *reading = user;
    int64_t time = time_of(reading->history, event);

    if (!was_there(reading, link, time, event))
        print_event(reading, time, EVENT_ADD, NULL, link, 0, event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *link,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct reading *reading = user;
    int64_t time = time_of(reading->history, event);
    char *name;

    if (reading->at_first_dump) {
        reading->at_first_dump = linkwatch_event_more_follows(event);
        return;
    }
    if (linkwatch_escape(linkwatch_link_ifname(link), false, &name) < 0) {
        history_out_of_memory(reading->history);
        return;
    }
    history_count(reading->history, name, time,
                  flap_downs(is_up(before), is_up(link), linkwatch_event_flaps(event)));
    free(name);
    print_event(reading, time, EVENT_CHANGE, before, link, fields, event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    const struct reading *reading = user;

    print_event(reading, time_of(reading->history, event), EVENT_REMOVE, NULL, link, 0, event);
}

static void read_start(struct history *history, struct linkwatch *connection)
{
    struct linkwatch_status *status;
    int64_t uptime;

    if (history->ctl->netns || linkwatch_get_status(connection, CTL_PATIENCE, &status) < 0)
        return;
    if (linkwatch_status_get_number(status, "uptime_usec", &uptime) >= 0)
        history->daemon_start = history->now - uptime;
    linkwatch_status_free(status);
}

static int read_all(struct linkwatch *connection, void *user)
{
    static const struct linkwatch_callbacks callbacks = {.size = sizeof(callbacks),
                                                         .message = on_message,
                                                         .lost = on_lost,
                                                         .add = on_add,
                                                         .change = on_change,
                                                         .remove = on_remove};
    struct reading *reading = user;

    read_start(reading->history, connection);
    return linkwatch_get_history(connection, reading->filter, &callbacks, reading, PATIENCE);
}

static int print_all(struct history *history, const struct linkwatch_filter *filter)
{
    struct reading reading = {.history = history, .filter = filter};
    int code = ctl_call(history->ctl, read_all, &reading);

    free(reading.message);
    if (code != EXIT_MET)
        return code;
    history_print_flaps(history);
    return history->code;
}

int ctl_history(const struct ctl *ctl)
{
    int64_t now = clock_usec(CLOCK_REALTIME);
    struct history history = {.ctl = ctl,
                              .lines = {.output = &history.output, .day = &history.day},
                              .flaps = {.now = now},
                              .now = now,
                              .last = now - (ctl->last ? ctl->last : LAST),
                              .known = INT64_MAX,
                              .daemon_start = INT64_MAX};
    struct linkwatch_filter *filter;
    int code = resolve_filter(ctl, &filter);

    if (code != EXIT_MET)
        return code;
    output_begin(&history.output, ctl->colour, !ctl->no_pager && !ctl->json);
    code = print_all(&history, filter);
    flap_counts_clear(&history.flaps);
    linkwatch_filter_free(filter);
    return output_end(&history.output, code);
}
