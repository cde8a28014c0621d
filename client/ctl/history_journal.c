/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/history_parts.h"
#include "client/ctl/json_text.h"
#include "client/ctl/past_entries.h"

static void write_text(FILE *to, const char *name, const char *text)
{
    if (!text)
        return;
    fprintf(to, ",\"%s\":", name);
    json_write_string(to, text);
}

static void write_entry(FILE *to, const void *what)
{
    const struct past_entry *entry = what;

    fprintf(to, "{\"type\":\"%s\",\"origin\":\"journal\",\"realtime_usec\":%" PRId64,
            event_type_name(entry->type), entry->realtime);
    if (entry->instance && entry->sequence)
        json_write_position(to, entry->instance, strtoll(entry->sequence, NULL, 10));
    if (entry->ifindex)
        fprintf(to, ",\"ifindex\":%lld", strtoll(entry->ifindex, NULL, 10));
    write_text(to, "ifname", entry->ifname);
    write_text(to, "text", entry->text);
    putc('}', to);
}

static void print_entry(struct history *history, const struct past_entry *entry)
{
    if (!history->ctl->json)
        lines_entry(&history->lines, entry->realtime, entry->type, entry->text);
    else if (ctl_write_json(history->ctl, write_entry, entry) < 0)
        history_out_of_memory(history);
}

/* Both are in the notation of escapes: as they are printed, or a glob. */
static bool is_name(const char *text, const char *name)
{
    size_t length = strlen(name);

    if (strcmp(text, name) == 0 || fnmatch(text, name, 0) == 0)
        return true;
    return strncmp(text, name, length) == 0 && text[length] == '@';
}

/* Whether an argument means a link of the entry: by its name then, a glob, its index then, or
 * name@peer. Alternative names are not in the journal. */
static bool is_of(const struct past_entry *entry, const char *text)
{
    return (entry->ifname && is_name(text, entry->ifname)) ||
           (entry->old_ifname && is_name(text, entry->old_ifname)) ||
           (entry->ifindex && strcmp(text, entry->ifindex) == 0);
}

static bool is_wanted(const struct history *history, const struct past_entry *entry)
{
    if (entry->type == EVENT_STARTED)
        return true;
    /* What of a run of the daemon's own is left out by the journal, it knows itself. */
    if (entry->type == EVENT_SUPPRESSED)
        return entry->realtime < history->daemon_start;
    for (int i = 0; i < history->ctl->count; i++)
        if (is_of(entry, history->ctl->arguments[i]))
            return true;
    return history->ctl->count == 0;
}

static bool on_entry(void *user, const struct past_entry *entry)
{
    struct history *history = user;

    /* A daemon whose first entry is another one was there before. */
    history_know_since(history,
                       entry->type == EVENT_STARTED ? entry->realtime : history->now - FLAP_DAY);
    if (!is_wanted(history, entry))
        return true;
    if (entry->ifname)
        history_count(history, entry->ifname, entry->realtime, entry->downs);
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
    case -EREMOTE:
        ctl_error("what happens in other network namespaces is not in the journal; %s", rest);
        break;
    case -EIO:
        ctl_error("journalctl failed; the entries are not complete");
        break;
    default:
        ctl_error("the journal cannot be read: %s; %s", strerror(-error), rest);
        break;
    }
}

void history_read_journal(struct history *history, const char *instance, int64_t first)
{
    int64_t day = history->now - FLAP_DAY;
    struct past_query query = {
        .instance = instance, .first = first, .from = history->last < day ? history->last : day};
    int r = history->ctl->netns ? -EREMOTE : past_entries_read(&query, on_entry, history);

    history->has_journal = r >= 0;
    /* It has older entries of this run of the daemon than those of the day. */
    if (r >= 0 && first > 1)
        history_know_since(history, day);
    if (r < 0)
        explain(r);
}
