/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/monitor_reply.h"

#include <errno.h>
#include <string.h>

#include "client/address_object.h"
#include "client/link_object.h"

/* An instance is short; a longer one would be ours to keep. */
#define INSTANCE_MAX 64

static const char *const type_names[MESSAGE_OTHER] = {
    [MESSAGE_SNAPSHOT] = "snapshot", [MESSAGE_READY] = "ready", [MESSAGE_LOST] = "lost",
    [MESSAGE_SOURCE] = "source",     [MESSAGE_ADD] = "add",     [MESSAGE_REMOVE] = "remove",
    [MESSAGE_CHANGE] = "change",
};

/* A member that may be missing or null: then *ret stays. */
static int read_number(const json_t *object, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(object, name);

    if (!value || json_is_null(value))
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return -EBADMSG;
    *ret = json_integer_value(value);
    return 0;
}

static int read_type(const json_t *parameters, enum message_type *ret)
{
    const char *name = json_string_value(json_object_get(parameters, "type"));
    int type = 0;

    if (!name)
        return -EBADMSG;
    while (type < MESSAGE_OTHER && strcmp(type_names[type], name) != 0)
        type++;
    *ret = (enum message_type)type;
    return 0;
}

static int read_position(const json_t *parameters, struct linkwatch_event *event)
{
    const json_t *position = json_object_get(parameters, "position");

    event->instance = json_string_value(json_object_get(position, "instance"));
    event->sequence = -1;
    if (!event->instance || strlen(event->instance) > INSTANCE_MAX)
        return -EBADMSG;
    if (read_number(position, "sequence", &event->sequence) < 0)
        return -EBADMSG;
    return event->sequence < 0 ? -EBADMSG : 0;
}

/* Where a link went that lives on in another namespace. */
static int read_destination(const json_t *parameters, struct linkwatch_event *event)
{
    int64_t netnsid = -1;
    int r = read_number(parameters, "new_netnsid", &netnsid);

    event->new_netnsid = netnsid;
    event->has_new_netnsid = netnsid >= 0;
    return r < 0 ? r : read_number(parameters, "new_ifindex", &event->new_ifindex);
}

static int read_learned(const json_t *parameters, struct linkwatch_event *event)
{
    const char *learned = json_string_value(json_object_get(parameters, "learned"));

    if (learned && strcmp(learned, "notification") == 0)
        event->learned = LINKWATCH_LEARNED_NOTIFICATION;
    else if (learned && strcmp(learned, "dump") == 0)
        event->learned = LINKWATCH_LEARNED_DUMP;
    else if (learned)
        event->learned = LINKWATCH_LEARNED_OTHER;
    else
        return -EBADMSG;
    if (read_destination(parameters, event) < 0)
        return -EBADMSG;
    return read_number(parameters, "flaps", &event->flaps);
}

static int read_times(const json_t *parameters, struct linkwatch_event *event)
{
    event->realtime = event->monotonic = -1;
    if (read_number(parameters, "realtime_usec", &event->realtime) < 0)
        return -EBADMSG;
    return read_number(parameters, "monotonic_usec", &event->monotonic);
}

static int read_source(const json_t *parameters, const char *name, struct linkwatch_source *source)
{
    const json_t *object = json_object_get(parameters, name);
    const json_t *stale = json_object_get(object, "stale");

    if (!object || json_is_null(object))
        return 0;
    source->standing = json_string_value(json_object_get(object, "standing"));
    source->reason = json_string_value(json_object_get(object, "reason"));
    source->error = (int)json_integer_value(json_object_get(object, "errno"));
    source->error_name = json_string_value(json_object_get(object, "errno_name"));
    source->stale = json_is_true(stale);
    source->last_dump = -1;
    if (!source->standing || !source->reason || !json_is_boolean(stale))
        return -EBADMSG;
    return read_number(object, "last_dump_usec", &source->last_dump);
}

static int read_sources(const json_t *parameters, struct message *message)
{
    int r = read_source(parameters, "source", &message->source);

    return r < 0 ? r : read_source(parameters, "address_source", &message->address_source);
}

/* The link, or the address, that it is about. */
static int read_object(const json_t *parameters, struct message *message)
{
    const json_t *address = json_object_get(parameters, "address");

    if (address && !json_is_null(address))
        return address_from_json(address, &message->address);
    return link_from_json(json_object_get(parameters, "link"), &message->link);
}

static int read_rest(const json_t *parameters, struct message *message)
{
    int r;

    switch (message->type) {
    case MESSAGE_SNAPSHOT:
        message->event.learned = LINKWATCH_LEARNED_SNAPSHOT;
        return read_object(parameters, message);
    case MESSAGE_READY:
        return read_sources(parameters, message);
    case MESSAGE_LOST:
        return read_number(parameters, "lost", &message->lost);
    case MESSAGE_SOURCE:
        r = read_sources(parameters, message);
        if (!message->source.standing && !message->address_source.standing)
            return -EBADMSG;
        return r;
    case MESSAGE_ADD:
    case MESSAGE_REMOVE:
    case MESSAGE_CHANGE:
        r = read_learned(parameters, &message->event);
        return r < 0 ? r : read_object(parameters, message);
    case MESSAGE_OTHER:
        return 0;
    case MESSAGE_TYPE_COUNT:
        break;
    }
    return -EBADMSG;
}

int message_read(const json_t *parameters, struct message *ret)
{
    struct message message = {.lost = -1};
    int r = read_type(parameters, &message.type);

    message.more_follows = json_is_true(json_object_get(parameters, "more_follows"));

    if (r == 0)
        r = read_position(parameters, &message.event);
    if (r == 0)
        r = read_times(parameters, &message.event);
    if (r == 0)
        r = read_rest(parameters, &message);
    if (r < 0)
        return r;
    *ret = message;
    return 0;
}

void message_clear(struct message *message)
{
    message->link = linkwatch_link_unref(message->link);
    message->address = linkwatch_address_unref(message->address);
}
