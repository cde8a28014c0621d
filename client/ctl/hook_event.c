/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/hook_event.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/json_text.h"
#include "client/ctl/text.h"
#include "protocol/array.h"

#define PREFIX "LINKWATCH_"

/* The kernel runs nothing with a variable of more than 128 KiB, and hundreds of alternative names,
 * whose bytes may become three each, can be longer. Such a value is in the JSON alone. */
#define VALUE_MAX 32768

void hook_event_clear(struct hook_event *event)
{
    event->before = linkwatch_link_unref(event->before);
    event->now = linkwatch_link_unref(event->now);
}

static const struct linkwatch_link *link_of(const struct hook_event *event)
{
    return event->now ? event->now : event->before;
}

int hook_event_ifindex(const struct hook_event *event)
{
    return event->type == EVENT_LOST ? 0 : linkwatch_link_ifindex(link_of(event));
}

static void merge_lost(struct hook_event *event, const struct hook_event *later)
{
    event->lost = event->lost < 0 || later->lost < 0 ? -1 : event->lost + later->lost;
}

/* The state that the later one leaves. */
static void take_now(struct hook_event *event, struct hook_event *later)
{
    if (later->type == EVENT_REMOVE) {
        event->type = EVENT_REMOVE;
        linkwatch_link_unref(event->before);
        event->before = later->before;
        later->before = NULL;
    }
    linkwatch_link_unref(event->now);
    event->now = later->now;
    later->now = NULL;
    event->learned = later->learned;
}

bool hook_event_merge(struct hook_event *event, struct hook_event *later)
{
    if (event->type == EVENT_REMOVE)
        return false;
    if (event->type == EVENT_LOST)
        merge_lost(event, later);
    else
        take_now(event, later);
    event->flaps += later->flaps;
    event->skipped += later->skipped + (event->type != EVENT_LOST);
    hook_event_clear(later);
    return true;
}

/* A list of "NAME=VALUE" that grows. */
struct environment {
    char **entries;
    size_t count;
    size_t capacity;
    bool failed; /* without memory */
};

static void add_entry(struct environment *environment, char *entry)
{
    if (!entry || environment->failed ||
        array_grow(&environment->entries, &environment->capacity, environment->count + 2,
                   sizeof(char *)) < 0) {
        free(entry);
        environment->failed = true;
        return;
    }
    environment->entries[environment->count++] = entry;
    environment->entries[environment->count] = NULL;
}

static void add(struct environment *environment, const char *name, const char *value)
{
    char *entry;

    add_entry(environment, asprintf(&entry, PREFIX "%s=%s", name, value) < 0 ? NULL : entry);
}

static void add_number(struct environment *environment, const char *name, int64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, value);
    add(environment, name, text);
}

/* "NEW_OPERSTATE". Values are what linkwatchctl show prints. */
static void add_field(struct environment *environment, const char *prefix,
                      const struct linkwatch_link *link, int field)
{
    char name[64];
    char *value;

    if (linkwatch_link_format(link, field, &value) < 0)
        return;
    snprintf(name, sizeof(name), "%s%s", prefix, linkwatch_field_name(field));
    for (char *at = name; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    if (strlen(value) <= VALUE_MAX)
        add(environment, name, value);
    free(value);
}

static void add_fields(struct environment *environment, const char *prefix,
                       const struct linkwatch_link *link, linkwatch_fields fields)
{
    for (int field = 0; link && linkwatch_field_name(field); field++)
        if (fields >> field & 1)
            add_field(environment, prefix, link, field);
}

static linkwatch_fields changed(const struct hook_event *event)
{
    return event->before && event->now ? linkwatch_link_compare(event->before, event->now)
                                       : ~LINKWATCH_FIELDS_UNCOMPARED;
}

/* The names of fields. */
static void write_names(FILE *to, const void *what)
{
    linkwatch_fields fields = *(const linkwatch_fields *)what;
    const char *name;

    for (int field = 0; (name = linkwatch_field_name(field)); field++)
        if (fields >> field & 1)
            fprintf(to, "%s%s", ftell(to) > 0 ? " " : "", name);
}

/* The names of the fields that differ. */
static void add_changed(struct environment *environment, linkwatch_fields fields)
{
    char *names = text_of(write_names, &fields);

    if (names)
        add(environment, "FIELDS", names);
    else
        environment->failed = true;
    free(names);
}

static void add_link_event(struct environment *environment, const struct hook_event *event)
{
    const struct linkwatch_link *link = link_of(event);

    add(environment, "IFNAME", linkwatch_link_ifname(link));
    add_number(environment, "IFINDEX", linkwatch_link_ifindex(link));
    add(environment, "LEARNED", event_learned_name(event->learned));
    add_number(environment, "FLAPS", event->flaps);
    add_number(environment, "SKIPPED", event->skipped);
    if (event->type == EVENT_CHANGE)
        add_changed(environment, changed(event));
    add_fields(environment, "OLD_", event->before, changed(event));
    add_fields(environment, "NEW_", event->now, ~LINKWATCH_FIELDS_UNCOMPARED);
}

/* Whether it would be taken for the event's: all but LINKWATCH_SOCKET, for commands that ask the
 * daemon. */
static bool is_ours(const char *entry)
{
    return strncmp(entry, PREFIX, strlen(PREFIX)) == 0 &&
           strncmp(entry, PREFIX "SOCKET=", strlen(PREFIX "SOCKET=")) != 0;
}

char **hook_event_environment(const struct hook_event *event, char *const *before)
{
    struct environment environment = {.entries = NULL};

    for (; *before; before++)
        if (!is_ours(*before))
            add_entry(&environment, strdup(*before));
    add(&environment, "EVENT", event_type_name(event->type));
    if (event->type != EVENT_LOST)
        add_link_event(&environment, event);
    else if (event->lost >= 0)
        add_number(&environment, "LOST", event->lost);
    else
        add(&environment, "LOST", "unknown");
    if (!environment.failed)
        return environment.entries;
    hook_environment_free(environment.entries);
    return NULL;
}

void hook_environment_free(char **environment)
{
    for (size_t i = 0; environment && environment[i]; i++)
        free(environment[i]);
    free(environment);
}

static char *lost_json(int64_t lost)
{
    char number[32] = "null", *text;

    if (lost >= 0)
        snprintf(number, sizeof(number), "%" PRId64, lost);
    return asprintf(&text, "{\"type\":\"lost\",\"lost\":%s}\n", number) < 0 ? NULL : text;
}

char *hook_event_json(const struct hook_event *event)
{
    char *old = NULL, *text;
    int n;

    if (event->type == EVENT_LOST)
        return lost_json(event->lost);
    if (event->type == EVENT_CHANGE) {
        old = json_old(linkwatch_link_json(event->before), linkwatch_link_json(event->now));
        if (!old)
            return NULL;
    }
    n = asprintf(&text,
                 "{\"type\":\"%s\",\"learned\":\"%s\",\"flaps\":%" PRId64 ",\"skipped\":%" PRId64
                 ",\"link\":%s%s%s}\n",
                 event_type_name(event->type), event_learned_name(event->learned), event->flaps,
                 event->skipped, linkwatch_link_json(link_of(event)), old ? ",\"old\":" : "",
                 old ? old : "");
    free(old);
    return n < 0 ? NULL : text;
}
