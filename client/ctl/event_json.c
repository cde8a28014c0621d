/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/event_json.h"

#include "client/ctl/json_text.h"

const char *learned_name(enum linkwatch_learned learned)
{
    switch (learned) {
    case LINKWATCH_LEARNED_NOTIFICATION:
        return "notification";
    case LINKWATCH_LEARNED_DUMP:
        return "dump";
    case LINKWATCH_LEARNED_SNAPSHOT:
        return "snapshot";
    case LINKWATCH_LEARNED_FILTER:
        return "filter";
    case LINKWATCH_LEARNED_OTHER:
        break;
    }
    return "other";
}

static void write_position(FILE *to, const struct linkwatch_event *event)
{
    const char *instance;
    int64_t sequence;

    if (linkwatch_event_get_instance(event, &instance) < 0 ||
        linkwatch_event_get_sequence(event, &sequence) < 0)
        return;
    fputs(",\"position\":{\"instance\":", to);
    json_write_string(to, instance);
    fprintf(to, ",\"sequence\":%lld}", (long long)sequence);
}

static void write_number(FILE *to, const char *name, const struct linkwatch_event *event,
                         int (*get)(const struct linkwatch_event *, int64_t *))
{
    int64_t number;

    if (get(event, &number) >= 0)
        fprintf(to, ",\"%s\":%lld", name, (long long)number);
}

void event_json_write(FILE *to, const char *type, const char *member, const char *now,
                      const char *old, const struct linkwatch_event *event)
{
    int64_t flaps = linkwatch_event_flaps(event);

    fprintf(to, "{\"type\":\"%s\"", type);
    write_position(to, event);
    write_number(to, "realtime_usec", event, linkwatch_event_get_realtime);
    write_number(to, "monotonic_usec", event, linkwatch_event_get_monotonic);
    fprintf(to, ",\"learned\":\"%s\"", learned_name(linkwatch_event_learned(event)));
    if (flaps > 0)
        fprintf(to, ",\"flaps\":%lld", (long long)flaps);
    write_number(to, "new_netnsid", event, linkwatch_event_get_new_netnsid);
    write_number(to, "new_ifindex", event, linkwatch_event_get_new_ifindex);
    fprintf(to, ",\"%s\":%s", member, now);
    if (old)
        fprintf(to, ",\"old\":%s", old);
    putc('}', to);
}
