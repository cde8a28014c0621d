/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/past_entries.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/flap_counts.h"
#include "client/ctl/journal_reader.h"
#include "protocol/log_kinds.h"

/* Anybody can write entries with our MESSAGE_IDs. What names the unit is journald's own, and nobody
 * but the administrator makes units of the system. */
#define OF_UNITS "--unit=linkwatchd*"

enum {
#define X(name, id) name,
    LOG_KINDS(X)
#undef X
};

static const char *const ids[] = {
#define X(name, id) [name] = id,
    LOG_KINDS(X)
#undef X
};

/* The kinds of entries that are read, and what they report. */
static const struct {
    enum event_type type;
    int kind;
} kinds[] = {{EVENT_ADD, LINK_ADDED},
             {EVENT_REMOVE, LINK_REMOVED},
             {EVENT_CHANGE, LINK_CHANGED},
             {EVENT_STARTED, STARTED},
             {EVENT_SUPPRESSED, SUPPRESSED}};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* What is read of an entry. */
#define FIELDS                                                                                   \
    "--output-fields=MESSAGE_ID,MESSAGE,PRIORITY,INTERFACE,IFINDEX,INSTANCE,SEQUENCE,OLD_FLAGS," \
    "NEW_FLAGS,OLD_IFNAME,NEW_IFNAME,FLAPS,_SOURCE_REALTIME_TIMESTAMP"

struct reading {
    const struct past_query *query;
    bool (*callback)(void *user, const struct past_entry *entry);
    void *user;
};

static int64_t number_of(const struct journal_entry *entry, const char *name)
{
    const char *text = journal_field(entry, name);

    return text ? strtoll(text, NULL, 10) : -1;
}

static bool find_type(const char *id, enum event_type *ret)
{
    for (size_t i = 0; id && i < KIND_COUNT; i++)
        if (strcmp(ids[kinds[i].kind], id) == 0) {
            *ret = kinds[i].type;
            return true;
        }
    return false;
}

/* Flags are as in JSON. Those that did not change are not there: unseen changes are mostly those of
 * a link that is up. */
static bool is_up(const struct journal_entry *entry, const char *name)
{
    const char *flags = journal_field(entry, name);

    return !flags || (strstr(flags, "\"UP\"") && !strstr(flags, "\"NO-CARRIER\""));
}

static uint64_t downs_of(const struct journal_entry *from, enum event_type type)
{
    if (type != EVENT_CHANGE)
        return 0;
    return flap_downs(is_up(from, "OLD_FLAGS"), is_up(from, "NEW_FLAGS"), number_of(from, "FLAPS"));
}

/* A daemon that logs all does so with what it found when it started, at debug level. */
static bool was_there_before(const struct journal_entry *from, enum event_type type)
{
    return type == EVENT_ADD && number_of(from, "PRIORITY") == 7;
}

/* Whether the daemon has the event itself. */
static bool is_held(const struct past_query *query, const struct past_entry *entry)
{
    return entry->type != EVENT_STARTED && entry->instance && entry->sequence &&
           strcmp(entry->instance, query->instance) == 0 &&
           strtoll(entry->sequence, NULL, 10) >= query->first;
}

/* When journald received it, which is later than what happened by the time that it waited. */
static int64_t time_of(const struct journal_entry *from)
{
    int64_t time = number_of(from, "_SOURCE_REALTIME_TIMESTAMP");

    return time < 0 ? number_of(from, "__REALTIME_TIMESTAMP") : time;
}

/* INTERFACE has both names of a link that was renamed. */
static const char *name_of(const struct journal_entry *from, const char *field)
{
    const char *name = journal_field(from, field);

    return name ? name : journal_field(from, "INTERFACE");
}

static bool take_entry(void *user, const struct journal_entry *from)
{
    const struct reading *reading = user;
    struct past_entry entry = {.realtime = time_of(from),
                               .text = journal_field(from, "MESSAGE"),
                               .ifname = name_of(from, "NEW_IFNAME"),
                               .old_ifname = name_of(from, "OLD_IFNAME"),
                               .ifindex = journal_field(from, "IFINDEX"),
                               .instance = journal_field(from, "INSTANCE"),
                               .sequence = journal_field(from, "SEQUENCE")};

    if (!find_type(journal_field(from, "MESSAGE_ID"), &entry.type) ||
        was_there_before(from, entry.type) || !entry.text || is_held(reading->query, &entry))
        return true;
    entry.downs = downs_of(from, entry.type);
    return reading->callback(reading->user, &entry);
}

static bool take_unit(void *user, const struct journal_entry *from)
{
    const char *unit = journal_field(from, "_SYSTEMD_UNIT");
    char **ret = user;

    free(*ret);
    *ret = unit ? strdup(unit) : NULL;
    return true;
}

/* The unit that the daemon of that instance is, "_SYSTEMD_UNIT=...", to be freed. */
static int find_unit(const char *instance, char **ret)
{
    char match[64 + sizeof("INSTANCE=")];
    const char *const arguments[] = {OF_UNITS, "--lines=1", "--output-fields=_SYSTEMD_UNIT", match,
                                     NULL};
    char *unit = NULL;
    int r;

    snprintf(match, sizeof(match), "INSTANCE=%s", instance);
    r = journal_read(arguments, take_unit, &unit);
    if (r >= 0 && !unit)
        r = -ENODATA;
    if (r >= 0 && asprintf(ret, "_SYSTEMD_UNIT=%s", unit) < 0)
        r = -ENOMEM;
    free(unit);
    return r;
}

static int read_unit(struct reading *reading, const char *unit)
{
    char since[32];
    char matches[KIND_COUNT][64];
    const char *arguments[3 + KIND_COUNT + 1] = {FIELDS, since, unit};

    /* journalctl takes seconds. */
    snprintf(since, sizeof(since), "--since=@%" PRId64, reading->query->from / 1000000);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        snprintf(matches[i], sizeof(matches[i]), "MESSAGE_ID=%s", ids[kinds[i].kind]);
        arguments[3 + i] = matches[i];
    }
    return journal_read(arguments, take_entry, reading);
}

int past_entries_read(const struct past_query *query,
                      bool (*callback)(void *user, const struct past_entry *entry), void *user)
{
    struct reading reading = {.query = query, .callback = callback, .user = user};
    char *unit = NULL;
    int r = journal_access();

    if (r >= 0)
        r = find_unit(query->instance, &unit);
    if (r >= 0)
        r = read_unit(&reading, unit);
    free(unit);
    return r;
}
