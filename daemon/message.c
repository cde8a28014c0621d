#include "daemon/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/encode.h"

#define HEAD      "{\"parameters\":"
#define CONTINUES ",\"continues\":true}"
#define LINK      ",\"link\":"

static const char *const type_names[EVENT_TYPE_COUNT] = {
    [EVENT_SNAPSHOT] = "snapshot", [EVENT_READY] = "ready", [EVENT_LOST] = "lost",
    [EVENT_SOURCE] = "source",     [EVENT_ADD] = "add",     [EVENT_REMOVE] = "remove",
    [EVENT_CHANGE] = "change",
};

/* The text of an object, whose reference is taken. */
static char *text_of(json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    return text;
}

static struct buffer *buffer_of(json_t *object)
{
    char *text = text_of(object);
    struct buffer *buffer = NULL;
    size_t size;

    if (!text)
        return NULL;
    size = strlen(text) + 1;
    buffer = buffer_new(size);
    if (buffer)
        memcpy(buffer->data, text, size);
    free(text);
    return buffer;
}

static int give(struct buffer *buffer, struct buffer **ret)
{
    if (!buffer)
        return -ENOMEM;
    *ret = buffer;
    return 0;
}

int message_reply(json_t *parameters, bool continues, struct buffer **ret)
{
    json_t *message;

    if (!parameters)
        return -ENOMEM;
    message = json_pack("{s:o}", "parameters", parameters);
    if (message && continues && json_object_set_new(message, "continues", json_true()) < 0) {
        json_decref(message);
        message = NULL;
    }
    return give(buffer_of(message), ret);
}

int message_error(const char *error, json_t *parameters, struct buffer **ret)
{
    if (!parameters)
        return -ENOMEM;
    return give(buffer_of(json_pack("{s:s, s:o}", "error", error, "parameters", parameters)), ret);
}

/* The link's encoding is kept with it: it is the same for each consumer. */
static const struct buffer *encoded(struct link *link)
{
    if (!link->json && encode_link(link, &link->json) < 0)
        return NULL;
    return link->json;
}

static char *append(char *to, const char *bytes, size_t length)
{
    return (char *)memcpy(to, bytes, length) + length;
}

/* {"parameters":{MEMBERS,"link":LINK},"continues":true} with members as an object's
 * text: the link is not encoded again but copied into its place. */
static struct buffer *join_link(const char *members, const struct buffer *link)
{
    size_t inner = strlen(members) - 1; /* without the closing brace */
    struct buffer *message;
    char *to;

    message =
        buffer_new(strlen(HEAD) + inner + strlen(LINK) + link->length + 1 + sizeof(CONTINUES));
    if (!message)
        return NULL;
    to = append(message->data, HEAD, strlen(HEAD));
    to = append(to, members, inner);
    to = append(to, LINK, strlen(LINK));
    to = append(to, link->data, link->length);
    to = append(to, "}", 1);
    append(to, CONTINUES, sizeof(CONTINUES));
    return message;
}

static int with_link(json_t *members, const struct buffer *link, struct buffer **ret)
{
    char *text = text_of(members);
    struct buffer *message = text && link ? join_link(text, link) : NULL;

    free(text);
    return give(message, ret);
}

/* What every reply of Monitor has. */
static json_t *members_of(const char *instance, enum event_type type, uint64_t sequence)
{
    return json_pack("{s:s, s:s, s:I}", "type", type_names[type], "instance", instance, "sequence",
                     (json_int_t)sequence);
}

static json_t *timed_members_of(const char *instance, const struct event *event)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I}", "type", type_names[event->type], "instance",
                     instance, "sequence", (json_int_t)event->sequence, "realtime_usec",
                     (json_int_t)event->realtime_usec, "monotonic_usec",
                     (json_int_t)event->monotonic_usec);
}

static const char *learned_name(enum change_source source)
{
    switch (source) {
    case CHANGE_BY_NOTIFICATION:
        return "notification";
    case CHANGE_BY_DUMP:
        break;
    }
    return "dump";
}

static json_t *event_members(const char *instance, const struct event *event)
{
    json_t *members = timed_members_of(instance, event);
    int r = json_object_set_new(members, "learned", json_string(learned_name(event->learned)));

    if (r == 0 && event->type == EVENT_CHANGE)
        r = json_object_set_new(members, "old", encode_fields(event->before, event->fields));
    if (r == 0 && event->flaps)
        r = json_object_set_new(members, "flaps", json_integer(event->flaps));
    if (r == 0)
        return members;
    json_decref(members);
    return NULL;
}

int message_event(const char *instance, const struct event *event, struct buffer **ret)
{
    struct link *link = event->after ? event->after : event->before;
    struct buffer *json;
    int r;

    /* Encoded for the event alone: most links change again before anybody asks for a
     * snapshot of them. */
    if (link->json)
        return with_link(event_members(instance, event), link->json, ret);
    r = encode_link(link, &json);
    if (r < 0)
        return r;
    r = with_link(event_members(instance, event), json, ret);
    buffer_unref(json);
    return r;
}

int message_source(const char *instance, const struct event *event,
                   const struct source_state *source, struct buffer **ret)
{
    json_t *members = timed_members_of(instance, event);

    if (json_object_set_new(members, "source", message_source_state(source)) < 0) {
        json_decref(members);
        members = NULL;
    }
    return message_reply(members, true, ret);
}

int message_snapshot(const char *instance, uint64_t sequence, struct link *link,
                     struct buffer **ret)
{
    return with_link(members_of(instance, EVENT_SNAPSHOT, sequence), encoded(link), ret);
}

int message_ready(const char *instance, uint64_t sequence, const struct source_state *source,
                  struct buffer **ret)
{
    json_t *members = members_of(instance, EVENT_READY, sequence);

    if (json_object_set_new(members, "source", message_source_state(source)) < 0) {
        json_decref(members);
        members = NULL;
    }
    return message_reply(members, true, ret);
}

int message_lost(const char *instance, uint64_t sequence, int64_t lost, struct buffer **ret)
{
    json_t *members = members_of(instance, EVENT_LOST, sequence);

    if (lost >= 0 && json_object_set_new(members, "lost", json_integer(lost)) < 0) {
        json_decref(members);
        members = NULL;
    }
    return message_reply(members, true, ret);
}

static json_t *errno_name(int error)
{
    const char *name = error ? strerrorname_np(error) : NULL;

    return name ? json_string(name) : error ? json_sprintf("%d", error) : NULL;
}

json_t *message_source_state(const struct source_state *source)
{
    return json_pack("{s:s, s:s, s:o*, s:b, s:o*}", "standing", source->standing, "reason",
                     source->reason, "errno", errno_name(source->error), "stale", source->stale,
                     "last_look_usec",
                     source->last_look_usec >= 0 ? json_integer(source->last_look_usec) : NULL);
}

json_t *message_position(const char *instance, uint64_t sequence)
{
    return json_pack("{s:s, s:I}", "instance", instance, "sequence", (json_int_t)sequence);
}
