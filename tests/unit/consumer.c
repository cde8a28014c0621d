/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/consumer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/message.h"

/* When all events happen. */
#define MONOTONIC_USEC 2

/* What was given together, and is read message by message. */
static struct {
    struct buffer *messages;
    size_t at;
} given;

static void forget_given(void)
{
    given.messages = buffer_unref(given.messages);
    given.at = 0;
}

static void on_change(void *user, const struct change *change)
{
    struct world *world = user;

    assert_int_equal(history_add_change(world->history, change, 1, MONOTONIC_USEC), 0);
}

/* Each event is so old when it is emitted. */
static int64_t clock_now(void)
{
    return MONOTONIC_USEC + WORLD_DELAY;
}

void world_start(struct world *world, size_t history_bytes)
{
    *world = (struct world){.table = table_new(on_change, world),
                            .history = history_new(INSTANCE, history_bytes)};
    assert_non_null(world->table);
    assert_non_null(world->history);
    world->origin = (struct stream_origin){.history = world->history,
                                           .table = world->table,
                                           .reports = world->reports,
                                           .clock = clock_now,
                                           .piece_bytes = 1};
    world->source = (struct standing_report){.standing = STANDING_TRUSTED, .reason = ""};
    world->reports[SUBJECT_LINKS] = &world->source;
}

void world_stop(struct world *world)
{
    forget_given();
    table_free(world->table);
    history_free(world->history);
}

void world_notify(struct world *world, struct link *link)
{
    assert_int_equal(table_put(world->table, link, CHANGE_BY_NOTIFICATION), 0);
    link_unref(link);
}

static struct filter *filter_of(const char *text)
{
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    struct filter *filter = NULL;
    const char *field;

    assert_int_equal(filter_new(json, SUBJECT_BIT(LINKS), false, &filter, &field), 0);
    json_decref(json);
    return filter;
}

struct stream *world_stream(struct world *world, const char *filter)
{
    struct stream *stream = stream_new(&world->origin, filter_of(filter));

    forget_given();
    assert_non_null(stream);
    return stream;
}

/* The parameters of a message. */
static json_t *parameters_of(const char *message)
{
    json_t *json = json_loads(message, 0, NULL);
    json_t *parameters = json_incref(json_object_get(json, "parameters"));
    const json_t *position = json_object_get(parameters, "position");

    assert_true(json_is_true(json_object_get(json, "continues")));
    json_decref(json);
    assert_non_null(parameters);
    assert_string_equal(json_string_value(json_object_get(position, "instance")), INSTANCE);
    return parameters;
}

/* Valid until the next one is read. */
static const char *next_message(struct stream *stream)
{
    const char *message;

    if (given.messages && given.at == given.messages->length)
        forget_given();
    if (!given.messages)
        assert_int_in_range(stream_next(stream, NULL, &given.messages), 0, 1);
    if (!given.messages)
        return NULL;
    message = given.messages->data + given.at;
    given.at += strlen(message) + 1;
    assert_true(given.at <= given.messages->length);
    return message;
}

static const char *text_in(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text ? text : "";
}

static void read_reply(const json_t *parameters, struct reply *ret)
{
    const json_t *link = json_object_get(parameters, "link");
    const json_t *lost = json_object_get(parameters, "lost");
    const json_t *position = json_object_get(parameters, "position");

    *ret = (struct reply){0};
    snprintf(ret->type, sizeof(ret->type), "%s", text_in(parameters, "type"));
    snprintf(ret->name, sizeof(ret->name), "%s", text_in(link, "ifname"));
    ret->sequence = (uint64_t)json_integer_value(json_object_get(position, "sequence"));
    ret->ifindex = (int)json_integer_value(json_object_get(link, "ifindex"));
    ret->more_follows = json_is_true(json_object_get(parameters, "more_follows"));
    ret->lost = lost ? json_integer_value(lost) : -1;
}

bool stream_read(struct stream *stream, struct reply *ret)
{
    const char *message = next_message(stream);
    json_t *parameters;

    if (!message)
        return false;
    parameters = parameters_of(message);
    read_reply(parameters, ret);
    json_decref(parameters);
    return true;
}

static void keep(struct consumer *consumer, const struct reply *reply, const json_t *parameters)
{
    char *text = json_dumps(json_object_get(parameters, "link"), JSON_COMPACT);
    char key[16];

    snprintf(key, sizeof(key), "%d", reply->ifindex);
    assert_int_equal(json_object_set_new(consumer->links, key, json_string(text)), 0);
    free(text);
}

static void apply_event(struct consumer *consumer, const struct reply *reply,
                        const json_t *parameters)
{
    char key[16];

    consumer->events++;
    assert_true(reply->sequence > consumer->sequence);
    if (consumer->all && consumer->ready)
        assert_int_equal(reply->sequence, consumer->sequence + 1);
    snprintf(key, sizeof(key), "%d", reply->ifindex);
    if (consumer->all && consumer->ready) {
        bool known = json_object_get(consumer->links, key);

        assert_int_equal(known, strcmp(reply->type, "add") != 0);
    }
    if (strcmp(reply->type, "remove") == 0)
        json_object_del(consumer->links, key);
    else
        keep(consumer, reply, parameters);
}

static void apply_lost(struct consumer *consumer, const struct reply *reply)
{
    consumer->losses++;
    assert_true(reply->lost > 0);
    if (consumer->ready && consumer->all)
        assert_int_equal(reply->lost, reply->sequence - consumer->sequence);
    else
        assert_int_in_range(reply->lost, 1, reply->sequence - consumer->sequence);
    consumer->lost += (uint64_t)reply->lost;
    consumer->ready = false;
    json_object_clear(consumer->links);
}

void consumer_apply(struct consumer *consumer, const char *message)
{
    json_t *parameters = parameters_of(message);
    struct reply reply;

    if (!consumer->links)
        consumer->links = json_object();
    read_reply(parameters, &reply);
    assert_true(reply.sequence >= consumer->sequence);
    if (strcmp(reply.type, "snapshot") == 0) {
        assert_false(consumer->ready);
        consumer->snapshots++;
        keep(consumer, &reply, parameters);
    } else if (strcmp(reply.type, "ready") == 0) {
        assert_false(consumer->ready);
        consumer->readies++;
        consumer->ready = true;
    } else if (strcmp(reply.type, "lost") == 0) {
        apply_lost(consumer, &reply);
    } else {
        apply_event(consumer, &reply, parameters);
    }
    consumer->sequence = reply.sequence;
    json_decref(parameters);
}

static void apply_all(struct consumer *consumer, const struct buffer *messages)
{
    for (size_t at = 0; at < messages->length; at += strlen(messages->data + at) + 1)
        consumer_apply(consumer, messages->data + at);
}

unsigned consumer_read(struct consumer *consumer, struct stream *stream, unsigned most)
{
    unsigned n = 0;

    for (; n < most; n++) {
        struct slice slice = slice_of(1 + n % 5);
        struct buffer *messages;
        int r = stream_next(stream, &slice, &messages);

        if (r == -EAGAIN)
            continue;
        assert_int_in_range(r, 0, 1);
        if (r == 0)
            break;
        apply_all(consumer, messages);
        buffer_unref(messages);
    }
    return n;
}

static void check_link(const struct consumer *consumer, const struct link *link)
{
    struct buffer *buffer = NULL;
    const char *text;
    char key[16];

    snprintf(key, sizeof(key), "%d", link->ifindex);
    text = json_string_value(json_object_get(consumer->links, key));
    assert_non_null(text);
    buffer = message_object_text((struct object *)link, 0);
    assert_non_null(buffer);
    assert_int_equal(buffer->length, strlen(text));
    assert_memory_equal(buffer->data, text, buffer->length);
    buffer_unref(buffer);
}

void consumer_check(const struct consumer *consumer, const struct world *world, const char *text)
{
    struct filter *filter = filter_of(text);
    struct filter_progress progress = {.glob = 0};
    size_t passing = 0;

    assert_true(consumer->ready);
    for (const struct link *link = table_next(world->table, 0); link;
         link = table_next(world->table, link->ifindex)) {
        if (!filter_passes_object(filter, &link->object, &progress, NULL))
            continue;
        check_link(consumer, link);
        passing++;
    }
    if (!text)
        assert_int_equal(json_object_size(consumer->links), passing);
    filter_free(filter);
}
