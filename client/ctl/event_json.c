/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/event_json.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/ctl/json_text.h"
#include "client/ctl/text.h"

static void write_position(FILE *to, const struct linkwatch_event *event)
{
    const char *instance;
    int64_t sequence;

    if (linkwatch_event_get_instance(event, &instance) >= 0 &&
        linkwatch_event_get_sequence(event, &sequence) >= 0)
        json_write_position(to, instance, sequence);
}

static void write_number(FILE *to, const char *name, const struct linkwatch_event *event,
                         int (*get)(const struct linkwatch_event *, int64_t *))
{
    int64_t number;

    if (get(event, &number) >= 0)
        fprintf(to, ",\"%s\":%lld", name, (long long)number);
}

struct parts {
    enum event_type type;
    const char *member;
    const char *now;
    const char *old; /* of a change */
    const struct linkwatch_event *event;
};

static void write_parts(FILE *to, const void *what)
{
    const struct parts *parts = what;
    int64_t flaps = linkwatch_event_flaps(parts->event);

    fprintf(to, "{\"type\":\"%s\"", event_type_name(parts->type));
    write_position(to, parts->event);
    write_number(to, "realtime_usec", parts->event, linkwatch_event_get_realtime);
    write_number(to, "monotonic_usec", parts->event, linkwatch_event_get_monotonic);
    fprintf(to, ",\"learned\":\"%s\"", event_learned_name(linkwatch_event_learned(parts->event)));
    if (flaps > 0)
        fprintf(to, ",\"flaps\":%lld", (long long)flaps);
    write_number(to, "new_netnsid", parts->event, linkwatch_event_get_new_netnsid);
    write_number(to, "new_ifindex", parts->event, linkwatch_event_get_new_ifindex);
    fprintf(to, ",\"%s\":%s", parts->member, parts->now);
    if (parts->old)
        fprintf(to, ",\"old\":%s", parts->old);
    putc('}', to);
}

char *event_json(enum event_type type, const char *member, const char *before, const char *now,
                 const struct linkwatch_event *event)
{
    char *old = before ? json_old(before, now) : NULL;
    const struct parts parts = {type, member, now, old, event};
    char *text = before && !old ? NULL : text_of(write_parts, &parts);

    free(old);
    return text;
}
