/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simple, blocking calls. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "client/channel.h"
#include "client/deadline.h"
#include "client/link_filter.h"
#include "client/link_object.h"
#include "client/linkwatch.h"

struct linkwatch_list {
    size_t count;
    size_t capacity;
    size_t bytes; /* that the links take */
    struct linkwatch_link **links;
};

struct linkwatch_status {
    json_t *parameters;
    char *json;
};

static int make_room(struct linkwatch_list *list)
{
    size_t capacity = list->capacity ? 2 * list->capacity : 16;
    struct linkwatch_link **links;

    if (list->count < list->capacity)
        return 0;
    links = reallocarray(list->links, capacity, sizeof(list->links[0]));
    if (!links)
        return -ENOMEM;
    list->links = links;
    list->capacity = capacity;
    return 0;
}

/* Adds the link of a reply; the last one need not have any. */
static int take_link(struct linkwatch_list *list, const struct reply *reply, size_t limit)
{
    const json_t *json = json_object_get(reply->parameters, "link");
    int r;

    if (!json || json_is_null(json))
        return reply->continues ? -EBADMSG : 0;
    r = make_room(list);
    if (r == 0)
        r = link_from_json(json, &list->links[list->count]);
    if (r < 0)
        return r;
    list->bytes += link_bytes(list->links[list->count++]);
    return list->bytes > limit ? -E2BIG : 0;
}

static int take_links(struct linkwatch *connection, struct linkwatch_list *list, uint64_t deadline)
{
    bool continues;

    do {
        struct reply reply;
        int r = connection_next(connection, deadline, &reply);

        if (r < 0)
            return r;
        continues = reply.continues;
        r = take_link(list, &reply, connection_limit(connection));
        wire_clear(&reply);
        if (r < 0)
            return connection_break(connection, r == -EBADMSG ? -EPROTO : r);
    } while (continues);
    return 0;
}

/* The daemon lists in this order; a search may rely on it. */
static int by_index(const void *a, const void *b)
{
    int of_a = linkwatch_link_ifindex(*(struct linkwatch_link *const *)a);
    int of_b = linkwatch_link_ifindex(*(struct linkwatch_link *const *)b);

    return (of_a > of_b) - (of_a < of_b);
}

int linkwatch_get_list(struct linkwatch *connection, const struct linkwatch_filter *filter,
                       int64_t timeout, struct linkwatch_list **ret)
{
    uint64_t deadline = deadline_after(timeout);
    struct linkwatch_list *list = calloc(1, sizeof(*list));
    json_t *json = filter_to_json(filter);
    json_t *parameters = json_is_null(json) ? json_object() : json_pack("{s:o}", "filter", json);
    int r = -ENOMEM;

    if (!list) {
        json_decref(parameters);
        return connection_fail(connection, r, strerror(-r));
    }
    r = connection_call_more(connection, "List", parameters, deadline);
    if (r == 0)
        r = take_links(connection, list, deadline);
    if (r < 0) {
        linkwatch_list_free(list);
        return r;
    }
    if (list->count > 0)
        qsort(list->links, list->count, sizeof(list->links[0]), by_index);
    *ret = list;
    return 0;
}

struct linkwatch_list *linkwatch_list_free(struct linkwatch_list *list)
{
    if (!list)
        return NULL;
    for (size_t i = 0; i < list->count; i++)
        linkwatch_link_unref(list->links[i]);
    free(list->links);
    free(list);
    return NULL;
}

size_t linkwatch_list_count(const struct linkwatch_list *list)
{
    return list->count;
}

struct linkwatch_link *linkwatch_list_get(const struct linkwatch_list *list, size_t place)
{
    return place < list->count ? list->links[place] : NULL;
}

int linkwatch_refresh(struct linkwatch *connection, int64_t timeout)
{
    struct reply reply;
    int r = connection_call(connection, "Refresh", json_object(), timeout, &reply);

    if (r < 0)
        return r;
    wire_clear(&reply);
    return 0;
}

int linkwatch_get_status(struct linkwatch *connection, int64_t timeout,
                         struct linkwatch_status **ret)
{
    struct linkwatch_status *status;
    struct reply reply;
    int r = connection_call(connection, "GetStatus", json_object(), timeout, &reply);

    if (r < 0)
        return r;
    status = calloc(1, sizeof(*status));
    if (status) {
        status->parameters = json_incref(reply.parameters);
        status->json = json_dumps(reply.parameters, JSON_COMPACT | JSON_ENSURE_ASCII);
    }
    wire_clear(&reply);
    if (!status || !status->json) {
        linkwatch_status_free(status);
        return connection_fail(connection, -ENOMEM, strerror(ENOMEM));
    }
    *ret = status;
    return 0;
}

struct linkwatch_status *linkwatch_status_free(struct linkwatch_status *status)
{
    if (!status)
        return NULL;
    json_decref(status->parameters);
    free(status->json);
    free(status);
    return NULL;
}

static json_t *member(json_t *object, const char *name, size_t length)
{
    const char *key;
    json_t *value;

    json_object_foreach (object, key, value)
        if (strlen(key) == length && memcmp(key, name, length) == 0)
            return value;
    return NULL;
}

/* The value under a name with dots between levels, NULL if there is none. */
static const json_t *look_up(const struct linkwatch_status *status, const char *name)
{
    json_t *value = status->parameters;

    while (*name && value) {
        size_t length = strcspn(name, ".");

        value = member(value, name, length);
        name += length + (name[length] == '.');
    }
    return json_is_null(value) ? NULL : value;
}

int linkwatch_status_get_number(const struct linkwatch_status *status, const char *name,
                                int64_t *ret)
{
    const json_t *value = look_up(status, name);

    if (!value)
        return -ENODATA;
    if (!json_is_integer(value))
        return -EINVAL;
    *ret = json_integer_value(value);
    return 0;
}

int linkwatch_status_get_text(const struct linkwatch_status *status, const char *name,
                              const char **ret)
{
    const json_t *value = look_up(status, name);

    if (!value)
        return -ENODATA;
    if (!json_is_string(value))
        return -EINVAL;
    *ret = json_string_value(value);
    return 0;
}

int linkwatch_status_get_bool(const struct linkwatch_status *status, const char *name, bool *ret)
{
    const json_t *value = look_up(status, name);

    if (!value)
        return -ENODATA;
    if (!json_is_boolean(value))
        return -EINVAL;
    *ret = json_is_true(value);
    return 0;
}

const char *linkwatch_status_json(const struct linkwatch_status *status)
{
    return status->json;
}
