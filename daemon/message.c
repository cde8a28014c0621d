#include "daemon/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/encode.h"

#define HEAD      "{\"parameters\":"
#define CONTINUES ",\"continues\":true}"
#define LINK      ",\"link\":"
#define LIST_TAIL "]}}"

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

struct buffer *message_link_text(struct link *link)
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

/* Adds a member to an object and takes the value's reference; NULL is "no memory" for
 * both. */
static json_t *with_member(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) == 0)
        return object;
    json_decref(object);
    return NULL;
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

    members = with_member(members, "learned", json_string(learned_name(event->learned)));
    if (event->type == EVENT_CHANGE)
        members = with_member(members, "old", encode_fields(event->before, event->fields));
    if (event->flaps)
        members = with_member(members, "flaps", json_integer(event->flaps));
    return members;
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

    return message_reply(with_member(members, "source", message_source_state(source)), true, ret);
}

int message_snapshot(const char *instance, uint64_t sequence, struct link *link,
                     struct buffer **ret)
{
    return with_link(members_of(instance, EVENT_SNAPSHOT, sequence), message_link_text(link), ret);
}

int message_ready(const char *instance, uint64_t sequence, const struct source_state *source,
                  struct buffer **ret)
{
    json_t *members = members_of(instance, EVENT_READY, sequence);

    return message_reply(with_member(members, "source", message_source_state(source)), true, ret);
}

int message_lost(const char *instance, uint64_t sequence, int64_t lost, struct buffer **ret)
{
    json_t *members = members_of(instance, EVENT_LOST, sequence);

    if (lost >= 0)
        members = with_member(members, "lost", json_integer(lost));
    return message_reply(members, true, ret);
}

static struct buffer *text_buffer(const char *text, size_t length)
{
    struct buffer *buffer = buffer_new(length);

    if (buffer)
        memcpy(buffer->data, text, length);
    return buffer;
}

/* {"parameters":{MEMBERS,"NAME":[ */
static struct buffer *list_head(json_t *members, const char *name)
{
    char *inner = text_of(members);
    struct buffer *head = NULL;
    char *text = NULL;
    int length;

    if (!inner)
        return NULL;
    inner[strlen(inner) - 1] = '\0'; /* the closing brace */
    length = asprintf(&text, "%s%s,\"%s\":[", HEAD, inner, name);
    if (length >= 0)
        head = text_buffer(text, (size_t)length);
    if (length >= 0)
        free(text);
    free(inner);
    return head;
}

int message_list_new(json_t *members, const char *name, struct message_list *ret)
{
    struct message_list list = {
        .head = list_head(members, name),
        .comma = text_buffer(",", 1),
        .tail = text_buffer(LIST_TAIL, sizeof(LIST_TAIL)),
    };

    if (!list.head || !list.comma || !list.tail) {
        buffer_unref(list.head);
        buffer_unref(list.comma);
        buffer_unref(list.tail);
        return -ENOMEM;
    }
    *ret = list;
    return 0;
}

json_t *message_errno_name(int error)
{
    const char *name = strerrorname_np(error);

    return name ? json_string(name) : json_sprintf("%d", error);
}

json_t *message_source_state(const struct source_state *source)
{
    return json_pack("{s:s, s:s, s:o*, s:b, s:o*}", "standing", source->standing, "reason",
                     source->reason, "errno",
                     source->error ? message_errno_name(source->error) : NULL, "stale",
                     source->stale, "last_look_usec",
                     source->last_look_usec >= 0 ? json_integer(source->last_look_usec) : NULL);
}

json_t *message_position(const char *instance, uint64_t sequence)
{
    return json_pack("{s:s, s:I}", "instance", instance, "sequence", (json_int_t)sequence);
}
