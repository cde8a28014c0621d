/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/past_entries.h"

#include <errno.h>
#include <inttypes.h>
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

/* Of which type of entry each kind is. */
static const int kinds[] = {[PAST_ADD] = LINK_ADDED,
                            [PAST_REMOVE] = LINK_REMOVED,
                            [PAST_CHANGE] = LINK_CHANGED,
                            [PAST_STARTED] = STARTED,
                            [PAST_HELD_BACK] = HELD_BACK};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* What is read of an entry. */
#define FIELDS                                                                                   \
    "--output-fields=MESSAGE_ID,MESSAGE,PRIORITY,INTERFACE,IFINDEX,INSTANCE,SEQUENCE,OLD_FLAGS," \
    "NEW_FLAGS,OLD_IFNAME,NEW_IFNAME,FLAPS,_SYSTEMD_UNIT,_SOURCE_REALTIME_TIMESTAMP"

struct reading {
    const struct past_query *query;
    bool (*callback)(void *user, const struct past_entry *entry);
    void *user;
    char *unit;
};

/* A field of an entry as text, to be freed; NULL if there is none. */
static char *field_of(const char *json, const char *name)
{
    struct json_member member;

    return json_find(json, name, strlen(name), &member) ? json_text(&member) : NULL;
}

static int64_t number_of(const char *json, const char *name)
{
    char *text = field_of(json, name);
    int64_t number = text ? strtoll(text, NULL, 10) : -1;

    free(text);
    return number;
}

static bool find_type(const char *id, enum past_type *ret)
{
    for (size_t i = 0; id && i < KIND_COUNT; i++)
        if (strcmp(ids[kinds[i]], id) == 0) {
            *ret = (enum past_type)i;
            return true;
        }
    return false;
}

/* Flags are as in JSON. Those that did not change are not there: unseen changes are mostly those of
 * a link that is up. */
static bool is_up(const char *json, const char *name)
{
    char *flags = field_of(json, name);
    bool up = !flags || (strstr(flags, "\"UP\"") && !strstr(flags, "\"NO-CARRIER\""));

    free(flags);
    return up;
}

static uint64_t downs_of(const char *json, enum past_type type)
{
    if (type != PAST_CHANGE)
        return 0;
    return flap_downs(is_up(json, "OLD_FLAGS"), is_up(json, "NEW_FLAGS"), number_of(json, "FLAPS"));
}

/* A daemon that logs all does so with what it found when it started, at debug level. */
static bool was_there_before(const char *json, enum past_type type)
{
    return type == PAST_ADD && number_of(json, "PRIORITY") == 7;
}

/* Whether the daemon has the event itself. */
static bool is_held(const struct past_query *query, const struct past_entry *entry)
{
    return entry->type != PAST_STARTED && entry->instance && entry->sequence &&
           strcmp(entry->instance, query->instance) == 0 &&
           strtoll(entry->sequence, NULL, 10) >= query->first;
}

static void clear(struct past_entry *entry)
{
    free(entry->text);
    free(entry->ifname);
    free(entry->old_ifname);
    free(entry->ifindex);
    free(entry->instance);
    free(entry->sequence);
}

/* When journald received it, which is later than what happened by the time that it waited. */
static int64_t time_of(const char *json)
{
    int64_t time = number_of(json, "_SOURCE_REALTIME_TIMESTAMP");

    return time < 0 ? number_of(json, "__REALTIME_TIMESTAMP") : time;
}

/* INTERFACE has both names of a link that was renamed. */
static char *name_of(const char *json, const char *field)
{
    char *name = field_of(json, field);

    return name ? name : field_of(json, "INTERFACE");
}

static bool take_entry(void *user, const char *json)
{
    struct reading *reading = user;
    char *id = field_of(json, "MESSAGE_ID");
    struct past_entry entry = {.realtime = time_of(json)};
    bool known = find_type(id, &entry.type);
    bool goes_on = true;

    free(id);
    if (!known || was_there_before(json, entry.type))
        return true;
    entry.text = field_of(json, "MESSAGE");
    entry.ifname = name_of(json, "NEW_IFNAME");
    entry.old_ifname = name_of(json, "OLD_IFNAME");
    entry.ifindex = field_of(json, "IFINDEX");
    entry.instance = field_of(json, "INSTANCE");
    entry.sequence = field_of(json, "SEQUENCE");
    entry.downs = downs_of(json, entry.type);
    if (entry.text && !is_held(reading->query, &entry))
        goes_on = reading->callback(reading->user, &entry);
    clear(&entry);
    return goes_on;
}

static bool take_unit(void *user, const char *json)
{
    struct reading *reading = user;

    free(reading->unit);
    reading->unit = field_of(json, "_SYSTEMD_UNIT");
    return true;
}

/* The unit that the daemon is, "_SYSTEMD_UNIT=...", to be freed. */
static int find_unit(struct reading *reading, char **ret)
{
    char instance[64 + sizeof("INSTANCE=")];
    const char *const arguments[] = {OF_UNITS, "--lines=1", "--output-fields=_SYSTEMD_UNIT",
                                     instance, NULL};
    int r;

    snprintf(instance, sizeof(instance), "INSTANCE=%s", reading->query->instance);
    r = journal_read(arguments, take_unit, reading);
    if (r >= 0 && !reading->unit)
        r = -ENODATA;
    if (r >= 0 && asprintf(ret, "_SYSTEMD_UNIT=%s", reading->unit) < 0)
        r = -ENOMEM;
    free(reading->unit);
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
        snprintf(matches[i], sizeof(matches[i]), "MESSAGE_ID=%s", ids[kinds[i]]);
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
        r = find_unit(&reading, &unit);
    if (r >= 0)
        r = read_unit(&reading, unit);
    free(unit);
    return r;
}
