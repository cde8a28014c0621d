/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's history, event by event. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/blocking_connection.h"
#include "client/callback_arguments.h"
#include "client/link_filter.h"
#include "client/link_object.h"
#include "client/linkwatch.h"
#include "client/monitor_reply.h"
#include "protocol/clock.h"

struct replay {
    struct linkwatch_callbacks callbacks;
    void *user;
};

/* Calls the application back. */
#define CALL(replay, name, ...)                                      \
    do {                                                             \
        if ((replay)->callbacks.name)                                \
            (replay)->callbacks.name((replay)->user, ##__VA_ARGS__); \
    } while (0)

static json_t *parameters_of(const struct linkwatch_filter *filter)
{
    json_t *json = filter_to_json(filter);

    if (json_is_null(json))
        return json_pack("{s:b}", "from_oldest", true);
    return json_pack("{s:b, s:o}", "from_oldest", true, "filter", json);
}

/* Bytes are beside a name only where it isn't UTF-8: those of another name must not stay. */
static int put_back(json_t *link, const char *name, json_t *value)
{
    char *bytes;

    if (asprintf(&bytes, "%s_bytes", name) < 0)
        return -ENOMEM;
    json_object_del(link, bytes);
    free(bytes);
    if (!json_is_null(value))
        return json_object_set(link, name, value) < 0 ? -ENOMEM : 0;
    json_object_del(link, name);
    return 0;
}

/* The link before a change: as after it, but for what is in old. Of the times, only since when it
 * is there is the same. The bytes of a name come behind it. */
static int link_before(const json_t *parameters, struct linkwatch_link **ret)
{
    json_t *link = json_copy(json_object_get(parameters, "link"));
    const char *name;
    json_t *value;
    int r = link ? 0 : -ENOMEM;

    json_object_foreach (json_object_get(parameters, "old"), name, value)
        if (r >= 0)
            r = put_back(link, name, value);
    json_object_del(link, "last_up_usec");
    json_object_del(link, "last_down_usec");
    if (r >= 0)
        r = link_from_json(link, ret);
    json_decref(link);
    return r;
}

static int report_change(const struct replay *replay, const json_t *parameters,
                         const struct message *message)
{
    struct linkwatch_link *before;
    int r = link_before(parameters, &before);

    if (r < 0)
        return r;
    CALL(replay, change, before, message->link, linkwatch_link_compare(before, message->link),
         &message->event);
    linkwatch_link_unref(before);
    return 0;
}

static int report_json(const struct replay *replay, const json_t *parameters)
{
    char *json;

    if (!replay->callbacks.message)
        return 0;
    json = json_dumps(parameters, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (!json)
        return -ENOMEM;
    CALL(replay, message, json);
    free(json);
    return 0;
}

/* 1 if that was the last one. */
static int report(const struct replay *replay, const json_t *parameters, struct message *message)
{
    message->event.more_follows = message->more_follows;
    /* Only links were asked for. */
    if (message->address)
        return 0;
    switch (message->type) {
    case MESSAGE_ADD:
        CALL(replay, add, message->link, &message->event);
        return 0;
    case MESSAGE_REMOVE:
        CALL(replay, remove, message->link, &message->event);
        return 0;
    case MESSAGE_CHANGE:
        return report_change(replay, parameters, message);
    case MESSAGE_LOST:
        CALL(replay, lost, message->lost);
        return 0;
    case MESSAGE_SOURCE:
        /* Without a time it is why no links are known. */
        if (message->event.realtime < 0)
            return -ENODATA;
        if (message->source.standing)
            CALL(replay, source, &message->source);
        return 0;
    case MESSAGE_READY:
        CALL(replay, ready);
        return 1;
    case MESSAGE_SNAPSHOT:
    case MESSAGE_OTHER:
    case MESSAGE_TYPE_COUNT:
        break;
    }
    return 0;
}

/* 1 if that was the last one. -ENODATA: the daemon knows no links yet. */
static int take(const struct replay *replay, const json_t *parameters)
{
    struct message message;
    int r = report_json(replay, parameters);

    if (r >= 0)
        r = message_read(parameters, &message);
    if (r < 0)
        return r == -EBADMSG ? -EPROTO : r;
    r = report(replay, parameters, &message);
    message_clear(&message);
    return r == -EBADMSG ? -EPROTO : r;
}

static int take_all(struct linkwatch *connection, const struct replay *replay, uint64_t deadline)
{
    int r;

    do {
        struct reply reply;

        r = connection_next(connection, deadline, &reply);
        if (r < 0)
            return r;
        r = reply.continues ? take(replay, reply.parameters) : -EPROTO;
        wire_clear(&reply);
    } while (r == 0);
    /* More would come, for as long as the connection is there. */
    if (r > 0)
        return connection_leave(connection);
    connection_break(connection, r);
    return r == -ENODATA ? connection_fail(connection, r, "no links are known yet") : r;
}

int linkwatch_get_history(struct linkwatch *connection, const struct linkwatch_filter *filter,
                          const struct linkwatch_callbacks *callbacks, void *user, int64_t timeout)
{
    uint64_t deadline = deadline_after(timeout);
    struct replay replay = {.user = user};
    int r = copy_callbacks(callbacks, &replay.callbacks);

    if (r < 0)
        return connection_fail(connection, r, strerror(-r));
    r = connection_call_more(connection, "Links.Monitor", parameters_of(filter), deadline);
    return r < 0 ? r : take_all(connection, &replay, deadline);
}
