/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/encode.h"
#include "daemon/encode_address.h"

#define HEAD      "{\"parameters\":"
#define CONTINUES "},\"continues\":true}"
#define MORE      ",\"more_follows\":true"

static const char *const type_names[EVENT_TYPE_COUNT] = {
    [EVENT_SNAPSHOT] = "snapshot", [EVENT_READY] = "ready", [EVENT_LOST] = "lost",
    [EVENT_SOURCE] = "source",     [EVENT_ADD] = "add",     [EVENT_REMOVE] = "remove",
    [EVENT_CHANGE] = "change",
};

/* An object, whose reference is taken, as a message. */
static int whole(json_t *object, struct buffer **ret)
{
    struct writer writer;

    writer_init(&writer);
    writer_put_json(&writer, object);
    writer_add(&writer, "", 1);
    return writer_to_buffer(&writer, ret);
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
    return whole(message, ret);
}

int message_error(const char *error, json_t *parameters, struct buffer **ret)
{
    if (!parameters)
        return -ENOMEM;
    return whole(json_pack("{s:s, s:o}", "error", error, "parameters", parameters), ret);
}

/* An object that is encoded already is copied. For an event alone no text is kept: most links
 * change again before anybody asks for a snapshot of them. */
static void put_object(struct writer *writer, const struct object *object, int64_t now)
{
    const struct address *address = (const struct address *)object;

    if (object->json)
        writer_add(writer, object->json->data, object->json->length);
    else if (object->subject == SUBJECT_ADDRESSES)
        encode_address(writer, address, address->known, now);
    else
        encode_link(writer, (const struct link *)object);
}

/* What is left of an address's lifetimes is another at each moment. */
struct buffer *message_object_text(struct object *object, int64_t now)
{
    struct buffer *text;
    struct writer writer;

    if (object->json)
        return buffer_ref(object->json);
    writer_init(&writer);
    put_object(&writer, object, now);
    if (writer_to_buffer(&writer, &text) < 0)
        return NULL;
    if (object->subject == SUBJECT_LINKS)
        object_keep_json(object, text);
    return text;
}

/* What every reply of Monitor begins with. */
static void put_head(struct writer *writer, const char *instance, enum event_type type,
                     uint64_t sequence)
{
    writer_put(writer, HEAD);
    writer_open(writer);
    writer_key(writer, "type");
    writer_put_word(writer, type_names[type]);
    writer_key(writer, "position");
    writer_open(writer);
    writer_key(writer, "instance");
    writer_put_word(writer, instance);
    writer_key(writer, "sequence");
    writer_put_integer(writer, (int64_t)sequence);
    writer_close(writer);
}

/* And ends with, the NUL included. */
static void put_tail(struct writer *writer)
{
    writer_add(writer, CONTINUES, sizeof(CONTINUES));
}

static void begin(struct writer *writer, const char *instance, enum event_type type,
                  uint64_t sequence)
{
    writer_init(writer);
    put_head(writer, instance, type, sequence);
}

static int end(struct writer *writer, struct buffer **ret)
{
    put_tail(writer);
    return writer_to_buffer(writer, ret);
}

static void put_times(struct writer *writer, const struct event *event)
{
    writer_key(writer, "realtime_usec");
    writer_put_integer(writer, event->realtime_usec);
    writer_key(writer, "monotonic_usec");
    writer_put_integer(writer, event->monotonic_usec);
}

/* Members of replies: an object, and its source. */
struct member {
    const char *text;
    size_t length;
};

#define MEMBER(name)                                         \
    {                                                        \
        WRITER_MEMBER(name), sizeof(WRITER_MEMBER(name)) - 1 \
    }

static const struct member object_members[SUBJECT_COUNT] = {
    [SUBJECT_LINKS] = MEMBER("link"),
    [SUBJECT_ADDRESSES] = MEMBER("address"),
};
static const struct member source_members[SUBJECT_COUNT] = {
    [SUBJECT_LINKS] = MEMBER("source"),
    [SUBJECT_ADDRESSES] = MEMBER("address_source"),
};

static void put_member(struct writer *writer, const struct member *member)
{
    writer_member(writer, member->text, member->length);
}

static void put_sources(struct writer *writer, const struct standing_report *const reports[],
                        unsigned subjects)
{
    for (int i = 0; i < SUBJECT_COUNT; i++) {
        if (!(subjects & (1U << i)))
            continue;
        put_member(writer, &source_members[i]);
        writer_put_json(writer, message_source(reports[i]));
    }
}

static void put_source(struct writer *writer, const struct event *event)
{
    put_member(writer, &source_members[event->subject]);
    writer_add(writer, event->source->data, event->source->length);
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

static void put_learned(struct writer *writer, const struct event *event)
{
    writer_key(writer, "learned");
    writer_put_word(writer, learned_name(event->learned));
}

static void put_old(struct writer *writer, const struct event *event)
{
    writer_key(writer, "old");
    if (event->subject == SUBJECT_ADDRESSES)
        encode_address(writer, as_address(event->before), event->fields, event->monotonic_usec);
    else
        encode_fields(writer, as_link(event->before), event->fields);
}

int message_event(const char *instance, const struct event *event, struct buffer **ret)
{
    const struct object *object = event_object(event);
    struct writer writer;

    begin(&writer, instance, event->type, event->sequence);
    put_times(&writer, event);
    if (event->source)
        put_source(&writer, event);
    else
        put_learned(&writer, event);
    if (event->type == EVENT_CHANGE)
        put_old(&writer, event);
    if (event->moved_to.has_netnsid) {
        writer_key(&writer, "new_netnsid");
        writer_put_integer(&writer, event->moved_to.netnsid);
    }
    if (event->moved_to.ifindex) {
        writer_key(&writer, "new_ifindex");
        writer_put_integer(&writer, event->moved_to.ifindex);
    }
    if (event->more_follows)
        writer_put(&writer, MORE);
    if (event->flaps) {
        writer_key(&writer, "flaps");
        writer_put_integer(&writer, event->flaps);
    }
    if (object) {
        put_member(&writer, &object_members[object->subject]);
        put_object(&writer, object, event->monotonic_usec);
    }
    return end(&writer, ret);
}

int message_sources_now(const char *instance, enum event_type type, uint64_t sequence,
                        const struct standing_report *const reports[], unsigned subjects,
                        struct buffer **ret)
{
    struct writer writer;

    begin(&writer, instance, type, sequence);
    put_sources(&writer, reports, subjects);
    return end(&writer, ret);
}

void message_begin_snapshot(struct writer *head, const char *instance, uint64_t sequence,
                            enum subject_number subject)
{
    begin(head, instance, EVENT_SNAPSHOT, sequence);
    put_member(head, &object_members[subject]);
}

void message_put_snapshot(struct writer *writer, const struct writer *head,
                          const struct buffer *text)
{
    writer_add(writer, head->data, head->length);
    writer_add(writer, text->data, text->length);
    writer_add(writer, MORE CONTINUES, sizeof(MORE CONTINUES));
}

size_t message_snapshot_size(const struct writer *head, const struct buffer *text)
{
    return head->length + text->length + sizeof(MORE CONTINUES);
}

int message_lost(const char *instance, uint64_t sequence, int64_t lost, struct buffer **ret)
{
    struct writer writer;

    begin(&writer, instance, EVENT_LOST, sequence);
    if (lost >= 0) {
        writer_key(&writer, "lost");
        writer_put_integer(&writer, lost);
    }
    return end(&writer, ret);
}

static struct buffer *text_buffer(const char *text, size_t length)
{
    struct buffer *buffer = buffer_new(length);

    if (buffer)
        memcpy(buffer->data, text, length);
    return buffer;
}

static struct buffer *list_head(enum subject_number subject)
{
    struct buffer *head;
    struct writer writer;

    writer_init(&writer);
    writer_put(&writer, HEAD);
    writer_open(&writer);
    put_member(&writer, &object_members[subject]);
    return writer_to_buffer(&writer, &head) < 0 ? NULL : head;
}

/* The last reply of a List, from what it starts with on. */
static int list_end(const char *start, const char *instance, uint64_t sequence,
                    const struct standing_report *const reports[], unsigned subjects,
                    struct buffer **ret)
{
    struct writer writer;

    writer_init(&writer);
    writer_put(&writer, start);
    writer_key(&writer, "position");
    writer_put_json(&writer, message_position(instance, sequence));
    put_sources(&writer, reports, subjects);
    writer_add(&writer, "}}", sizeof("}}"));
    return writer_to_buffer(&writer, ret);
}

struct buffer *message_source_text(const struct standing_report *report)
{
    struct buffer *text;
    struct writer writer;

    writer_init(&writer);
    writer_put_json(&writer, message_source(report));
    return writer_to_buffer(&writer, &text) < 0 ? NULL : text;
}

int message_list_new(const char *instance, uint64_t sequence,
                     const struct standing_report *const reports[], unsigned subjects,
                     struct message_list *ret)
{
    struct message_list list = {
        .heads = {[SUBJECT_LINKS] = list_head(SUBJECT_LINKS),
                  [SUBJECT_ADDRESSES] = list_head(SUBJECT_ADDRESSES)},
        .more = text_buffer(CONTINUES, sizeof(CONTINUES)),
    };
    int r = list_end(",", instance, sequence, reports, subjects, &list.last);

    if (r >= 0)
        r = list_end(HEAD "{", instance, sequence, reports, subjects, &list.none);
    if (r < 0 || !list.heads[SUBJECT_LINKS] || !list.heads[SUBJECT_ADDRESSES] || !list.more) {
        message_list_clear(&list);
        return -ENOMEM;
    }
    *ret = list;
    return 0;
}

void message_list_clear(struct message_list *list)
{
    if (!list)
        return;
    for (int i = 0; i < SUBJECT_COUNT; i++)
        buffer_unref(list->heads[i]);
    buffer_unref(list->more);
    buffer_unref(list->last);
    buffer_unref(list->none);
    *list = (struct message_list){0};
}

json_t *message_failure(const char *reason, int error)
{
    return json_pack("{s:s, s:i, s:s*}", "reason", reason, "errno", error, "errno_name",
                     strerrorname_np(error));
}

json_t *message_source(const struct standing_report *report)
{
    int error;
    const char *reason = report_reason(report, &error);

    return json_pack(
        "{s:s, s:s, s:o*, s:s*, s:b, s:o*}", "standing", standing_name(report->standing), "reason",
        reason, "errno", error ? json_integer(error) : NULL, "errno_name",
        error ? strerrorname_np(error) : NULL, "stale", report->stale, "last_dump_usec",
        report->last_dump_usec >= 0 ? json_integer(report->last_dump_usec) : NULL);
}

json_t *message_position(const char *instance, uint64_t sequence)
{
    return json_pack("{s:s, s:I}", "instance", instance, "sequence", (json_int_t)sequence);
}
