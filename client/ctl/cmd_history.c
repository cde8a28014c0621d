/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl history: what happened, from the journal and then from the daemon's own history. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/ctl/ctl.h"
#include "client/ctl/event_lines.h"
#include "client/ctl/flap_counts.h"
#include "client/ctl/json_text.h"
#include "client/ctl/output.h"
#include "client/ctl/past_entries.h"
#include "client/ctl/past_match.h"
#include "client/ctl/resolve.h"
#include "protocol/clock.h"
#include "protocol/json.h"

/* The journal is read while the daemon waits to be read: it may take its time. */
#define PATIENCE (10 * CTL_PATIENCE)
/* Without --last. */
#define LAST FLAP_DAY

struct history {
    const struct ctl *ctl;
    struct linkwatch_filter *filter;
    struct output output;
    int day;
    struct flap_counts flaps;
    int64_t now;   /* microseconds since 1970, as all times here */
    int64_t last;  /* what happened before is not shown */
    int64_t known; /* what happened since is counted; INT64_MAX until that is clear */
    int64_t daemon_start;
    bool begun;
    bool at_first_dump; /* what comes belongs to a link that was there when the daemon began */
    bool has_journal;
    char *message; /* of the daemon's, that is reported next */
    int code;
};

static struct lines lines_of(struct history *history)
{
    return (struct lines){.output = &history->output, .day = &history->day};
}

static void out_of_memory(struct history *history)
{
    if (history->code == EXIT_MET)
        history->code = ctl_out_of_memory();
}

/* The name as it is shown: escaped, which is what the journal has. */
static void count(struct history *history, const char *name, int64_t time, uint64_t downs)
{
    if (flap_counts_add(&history->flaps, name, time, downs) < 0)
        out_of_memory(history);
}

/* --- from the journal */

static const struct {
    const char *name;
    char sign;
    enum colour colour;
} pasts[] = {[PAST_ADD] = {"add", '+', GREEN},
             [PAST_REMOVE] = {"remove", '-', RED},
             [PAST_CHANGE] = {"change", '~', YELLOW},
             [PAST_STARTED] = {"started", '!', RED},
             [PAST_SUPPRESSED] = {"suppressed", '!', RED}};

static void write_text(FILE *to, const char *name, const char *text)
{
    if (!text)
        return;
    fprintf(to, ",\"%s\":", name);
    json_write_string(to, text);
}

/* A text of digits. */
static void write_number(FILE *to, const char *name, const char *digits)
{
    if (digits)
        fprintf(to, ",\"%s\":%" PRIu64, name, (uint64_t)strtoull(digits, NULL, 10));
}

static void print_object(struct history *history, void (*write)(FILE *to, const void *what),
                         const void *what)
{
    if (ctl_write_json(history->ctl, write, what) < 0)
        out_of_memory(history);
}

static void write_entry(FILE *to, const void *what)
{
    const struct past_entry *entry = what;

    fprintf(to, "{\"type\":\"%s\",\"origin\":\"journal\",\"realtime_usec\":%" PRId64,
            pasts[entry->type].name, entry->realtime);
    if (entry->instance && entry->sequence) {
        fputs(",\"position\":{\"instance\":", to);
        json_write_string(to, entry->instance);
        write_number(to, "sequence", entry->sequence);
        putc('}', to);
    }
    write_number(to, "ifindex", entry->ifindex);
    write_text(to, "ifname", entry->ifname);
    write_text(to, "text", entry->text);
    putc('}', to);
}

static void print_entry(struct history *history, const struct past_entry *entry)
{
    struct lines lines = lines_of(history);

    if (history->ctl->json) {
        print_object(history, write_entry, entry);
        return;
    }
    lines_entry(&lines, entry->realtime, pasts[entry->type].sign, pasts[entry->type].colour,
                entry->type == PAST_STARTED ? "linkwatchd started: " : "", entry->text);
}

/* What of a run of the daemon's own is left out by the journal, it knows itself. */
static bool is_wanted(const struct history *history, const struct past_entry *entry)
{
    if (entry->type == PAST_SUPPRESSED)
        return entry->realtime < history->daemon_start;
    return entry->type == PAST_STARTED ||
           past_match(history->ctl->arguments, history->ctl->count, entry);
}

static bool on_entry(void *user, const struct past_entry *entry)
{
    struct history *history = user;

    /* A daemon whose first entry is another one was there before. */
    if (history->known == INT64_MAX)
        history->known = entry->type == PAST_STARTED ? entry->realtime : history->now - FLAP_DAY;
    if (!is_wanted(history, entry))
        return true;
    if (entry->ifname)
        count(history, entry->ifname, entry->realtime, entry->downs);
    if (entry->realtime >= history->last)
        print_entry(history, entry);
    return output_flush(&history->output);
}

static void explain(int error)
{
    static const char rest[] = "only what the daemon itself still knows is shown";

    switch (error) {
    case -EACCES:
        ctl_error("the journal can only be read by root and the groups systemd-journal and adm; %s",
                  rest);
        break;
    case -ENOENT:
        ctl_error("there is no journal here; %s", rest);
        break;
    case -ENODATA:
        ctl_error("this daemon does not write events into the journal; %s", rest);
        break;
    case -EIO:
        ctl_error("journalctl failed; the entries are not complete");
        break;
    default:
        ctl_error("the journal cannot be read: %s; %s", strerror(-error), rest);
        break;
    }
}

static void read_journal(struct history *history, const char *instance, int64_t first)
{
    int64_t day = history->now - FLAP_DAY;
    struct past_query query = {
        .instance = instance, .first = first, .from = history->last < day ? history->last : day};
    int r;

    if (history->ctl->netns) {
        ctl_error("what happens in other network namespaces is not in the journal; only what the "
                  "daemon itself still knows is shown");
        return;
    }
    r = past_entries_read(&query, on_entry, history);
    history->has_journal = r >= 0;
    /* It has older entries of this run of the daemon than those of the day. */
    if (r >= 0 && first > 1 && history->known == INT64_MAX)
        history->known = day;
    if (r < 0)
        explain(r);
}

/* --- from the daemon */

/* Before the first message, what the journal has of the time before it. */
static void begin(struct history *history, json_t *message)
{
    const char *type = "", *instance = "";
    json_int_t sequence = 0;
    int64_t first;

    json_unpack(message, "{s:s, s:{s:s, s:I}}", "type", &type, "position", "instance", &instance,
                "sequence", &sequence);
    first = strcmp(type, "lost") == 0 ? sequence + 1 : 1;
    read_journal(history, instance, first);
    if (history->known == INT64_MAX && first == 1)
        history->known = history->daemon_start;
    history->begun = true;
}

static void on_message(void *user, const char *json)
{
    struct history *history = user;
    json_t *message = NULL;

    if (!history->begun && json_read(json, strlen(json), 0, NULL, &message) >= 0)
        begin(history, message);
    json_decref(message);
    free(history->message);
    history->message = history->ctl->json ? strdup(json) : NULL;
    if (history->ctl->json && !history->message)
        out_of_memory(history);
}

static void on_lost(void *user, int64_t events)
{
    struct history *history = user;
    struct lines lines = lines_of(history);
    char text[96];

    if (history->ctl->json && history->message) {
        ctl_print_json(history->ctl, history->message);
        return;
    }
    if (history->has_journal)
        return;
    snprintf(text, sizeof(text), "%lld earlier event%s no longer known to the daemon",
             (long long)events, events == 1 ? " is" : "s are");
    lines_notice(&lines, text);
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
    if (history->known == INT64_MAX)
        history->known = time;
    return time;
}

/* Whether the event is to be printed as text; as JSON, it was. */
static bool shows(struct history *history, int64_t time)
{
    if (time < history->last)
        return false;
    if (history->message)
        ctl_print_json(history->ctl, history->message);
    return !history->ctl->json;
}

/* What was there when the daemon began is no event; nor is that others name it from then on. */
static bool was_there(struct history *history, const struct linkwatch_link *link, int64_t time,
                      const struct linkwatch_event *event)
{
    int64_t since = -1;
    bool first_dump = false;

    linkwatch_link_get_integer(link, LINKWATCH_FIELD_SINCE_USEC, &since);
    linkwatch_link_get_boolean(link, LINKWATCH_FIELD_SINCE_FIRST_DUMP, &first_dump);
    if (!first_dump || since != time)
        return false;
    history->at_first_dump = linkwatch_event_more_follows(event);
    return true;
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct history *history = user;
    struct lines lines = lines_of(history);
    int64_t time = time_of(history, event);

    if (!was_there(history, link, time, event) && shows(history, time))
        lines_add(&lines, link, event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *link,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct history *history = user;
    struct lines lines = lines_of(history);
    int64_t time = time_of(history, event);
    char *name;

    if (history->at_first_dump) {
        history->at_first_dump = linkwatch_event_more_follows(event);
        return;
    }
    if (linkwatch_escape(linkwatch_link_ifname(link), false, &name) < 0) {
        out_of_memory(history);
        return;
    }
    count(history, name, time,
          flap_downs(is_up(before), is_up(link), linkwatch_event_flaps(event)));
    free(name);
    if (shows(history, time))
        lines_change(&lines, before, link, fields, event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct history *history = user;
    struct lines lines = lines_of(history);

    if (shows(history, time_of(history, event)))
        lines_remove(&lines, link, event);
}

/* --- the flaps */

static void write_flaps(FILE *to, const void *what)
{
    const struct history *history = what;
    const struct flap_counts *flaps = &history->flaps;

    fprintf(to, "{\"type\":\"flaps\",\"realtime_usec\":%" PRId64 ",\"known_since_usec\":%" PRId64,
            history->now, history->known);
    fprintf(to, ",\"journal\":%s,\"links\":[", history->has_journal ? "true" : "false");
    for (size_t i = 0; i < flaps->count; i++) {
        fprintf(to, "%s{\"ifname\":", i ? "," : "");
        json_write_string(to, flaps->at[i].name);
        fprintf(to, ",\"last_hour\":%" PRIu64 ",\"last_day\":%" PRIu64 "}", flaps->at[i].hour,
                flaps->at[i].day);
    }
    fputs("]}", to);
}

static void add_number(struct table *table, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    table_add(table, text, PLAIN);
}

static int print_table(const struct history *history)
{
    const struct flap_counts *flaps = &history->flaps;
    struct table *table = table_new(3);
    int r;

    if (!history->ctl->no_legend) {
        table_add(table, "WENT DOWN", BOLD);
        table_add(table, "LAST HOUR", BOLD);
        table_add(table, "LAST DAY", BOLD);
    }
    for (size_t i = 0; i < flaps->count; i++) {
        table_add_clean(table, flaps->at[i].name, BOLD);
        add_number(table, flaps->at[i].hour);
        add_number(table, flaps->at[i].day);
    }
    r = table_print(table, &history->output, history->ctl->full);
    table_free(table);
    return r;
}

/* Where nothing is known of a part of the day, the numbers are lower bounds. */
static void print_known(const struct history *history)
{
    time_t seconds = (time_t)(history->known / 1000000);
    char text[32] = "?";
    struct tm tm;

    if (history->known <= history->now - FLAP_DAY || history->ctl->no_legend)
        return;
    if (localtime_r(&seconds, &tm))
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
    printf("Nothing is known of the time before %s.\n", text);
}

static void print_flaps(struct history *history)
{
    if (history->known == INT64_MAX)
        history->known = history->now;
    if (history->ctl->json) {
        print_object(history, write_flaps, history);
        return;
    }
    if (history->flaps.count > 0 && print_table(history) < 0)
        out_of_memory(history);
    if (history->flaps.count == 0 && !history->ctl->no_legend)
        puts("No link went down in the last day.");
    print_known(history);
}

/* --- all together */

static void read_start(struct history *history, struct linkwatch *connection)
{
    struct linkwatch_status *status;
    int64_t uptime;

    history->daemon_start = INT64_MAX;
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
    struct history *history = user;

    read_start(history, connection);
    return linkwatch_get_history(connection, history->filter, &callbacks, history, PATIENCE);
}

static int print_all(struct history *history)
{
    int code = ctl_call(history->ctl, read_all, history);

    if (code == EXIT_MET)
        print_flaps(history);
    return code == EXIT_MET ? history->code : code;
}

int ctl_history(const struct ctl *ctl)
{
    struct history history = {.ctl = ctl, .known = INT64_MAX, .now = clock_usec(CLOCK_REALTIME)};
    int code = resolve_filter(ctl, &history.filter);

    if (code != EXIT_MET)
        return code;
    history.last = history.now - (ctl->last ? ctl->last : LAST);
    history.flaps.now = history.now;
    output_begin(&history.output, ctl->colour, !ctl->no_pager && !ctl->json);
    code = print_all(&history);
    flap_counts_clear(&history.flaps);
    free(history.message);
    linkwatch_filter_free(history.filter);
    return output_end(&history.output, code);
}
