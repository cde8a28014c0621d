/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simple, blocking calls. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "client/address_object.h"
#include "client/blocking_connection.h"
#include "client/link_filter.h"
#include "client/link_object.h"
#include "client/linkwatch.h"
#include "protocol/array.h"
#include "protocol/clock.h"

struct linkwatch_status {
    json_t *parameters;
    char *json;
};

/* What a List answers with: objects of one type, which are members of that name. */
struct list {
    const char *member;
    int (*read)(const json_t *json, struct object **ret);
    size_t count;
    size_t capacity;
    size_t bytes; /* that the objects take */
    struct object **objects;
};

static int read_link(const json_t *json, struct object **ret)
{
    struct linkwatch_link *link;
    int r = link_from_json(json, &link);

    if (r >= 0)
        *ret = (struct object *)link;
    return r;
}

static int read_address(const json_t *json, struct object **ret)
{
    struct linkwatch_address *address;
    int r = address_from_json(json, &address);

    if (r >= 0)
        *ret = (struct object *)address;
    return r;
}

/* Adds the object of a reply. One without is passed over: it has what only later versions know, or
 * is the last one. */
static int take_object(struct list *list, const struct reply *reply, size_t limit)
{
    const json_t *json = json_object_get(reply->parameters, list->member);
    int r;

    if (!json || json_is_null(json))
        return 0;
    r = array_grow(&list->objects, &list->capacity, list->count + 1, sizeof(struct object *));
    if (r == 0)
        r = list->read(json, &list->objects[list->count]);
    if (r < 0)
        return r;
    list->bytes += object_bytes(list->objects[list->count++]);
    return list->bytes > limit ? -E2BIG : 0;
}

/* The addresses' source shows whether anything is known of them. */
static int check_source(struct linkwatch *connection, const json_t *parameters)
{
    const json_t *source = json_object_get(parameters, "address_source");
    const char *reason = json_string_value(json_object_get(source, "reason"));

    if (!source || json_is_integer(json_object_get(source, "last_dump_usec")))
        return 0;
    return connection_fail(connection, -EIO, reason ? reason : "no addresses are known");
}

static int take_objects(struct linkwatch *connection, struct list *list, uint64_t deadline)
{
    bool continues;
    int known;

    do {
        struct reply reply;
        int r = connection_next(connection, deadline, &reply);

        if (r < 0)
            return r;
        continues = reply.continues;
        r = take_object(list, &reply, connection_limit(connection));
        known = r < 0 || continues ? 0 : check_source(connection, reply.parameters);
        wire_clear(&reply);
        if (r < 0)
            return connection_break(connection, r == -EBADMSG ? -EPROTO : r);
    } while (continues);
    return known;
}

static struct list *list_free(struct list *list)
{
    if (!list)
        return NULL;
    for (size_t i = 0; i < list->count; i++)
        object_unref(list->objects[i]);
    free(list->objects);
    free(list);
    return NULL;
}

static struct list *list_new(const char *member, int (*read)(const json_t *, struct object **))
{
    struct list *list = calloc(1, sizeof(*list));

    if (list)
        *list = (struct list){.member = member, .read = read};
    return list;
}

/* subjects: what else the parameters have, NULL for nothing; the reference is taken. */
static json_t *list_parameters(const struct linkwatch_filter *filter, json_t *subjects)
{
    json_t *json = filter_to_json(filter);
    json_t *parameters = json_is_null(json) ? json_object() : json_pack("{s:o}", "filter", json);

    if (subjects && json_object_set_new(parameters, "subjects", subjects) < 0) {
        json_decref(parameters);
        return NULL;
    }
    return parameters;
}

/* Takes the list over, also on failure; and the reference to the parameters. */
static int get_list(struct linkwatch *connection, struct list *list, json_t *parameters,
                    int64_t timeout, struct list **ret)
{
    uint64_t deadline = deadline_after(timeout);
    int r = -ENOMEM;

    if (!list) {
        json_decref(parameters);
        return connection_fail(connection, r, strerror(-r));
    }
    r = connection_call_more(connection, "Links.List", parameters, deadline);
    if (r == 0)
        r = take_objects(connection, list, deadline);
    if (r < 0) {
        list_free(list);
        return r;
    }
    *ret = list;
    return 0;
}

/* The daemon lists in this order; a search may rely on it. */
static int by_index(const void *a, const void *b)
{
    int of_a = linkwatch_link_ifindex(*(struct linkwatch_link *const *)a);
    int of_b = linkwatch_link_ifindex(*(struct linkwatch_link *const *)b);

    return (of_a > of_b) - (of_a < of_b);
}

static void *object_at(const struct list *list, size_t place)
{
    return place < list->count ? list->objects[place] : NULL;
}

/* A list of links, or of addresses, is a list of objects, and nothing else. */

int linkwatch_get_list(struct linkwatch *connection, const struct linkwatch_filter *filter,
                       int64_t timeout, struct linkwatch_list **ret)
{
    struct list *list;
    int r = get_list(connection, list_new("link", read_link), list_parameters(filter, NULL),
                     timeout, &list);

    if (r < 0)
        return r;
    if (list->count > 0)
        qsort(list->objects, list->count, sizeof(struct object *), by_index);
    *ret = (struct linkwatch_list *)list;
    return 0;
}

struct linkwatch_list *linkwatch_list_free(struct linkwatch_list *list)
{
    return (struct linkwatch_list *)list_free((struct list *)list);
}

size_t linkwatch_list_count(const struct linkwatch_list *list)
{
    return ((const struct list *)list)->count;
}

struct linkwatch_link *linkwatch_list_get(const struct linkwatch_list *list, size_t place)
{
    return object_at((const struct list *)list, place);
}

int linkwatch_get_addresses(struct linkwatch *connection, const struct linkwatch_filter *filter,
                            int64_t timeout, struct linkwatch_address_list **ret)
{
    json_t *parameters = list_parameters(filter, json_pack("[s]", "addresses"));
    struct list *list;
    int r = get_list(connection, list_new("address", read_address), parameters, timeout, &list);

    if (r >= 0)
        *ret = (struct linkwatch_address_list *)list;
    return r;
}

struct linkwatch_address_list *linkwatch_address_list_free(struct linkwatch_address_list *list)
{
    return (struct linkwatch_address_list *)list_free((struct list *)list);
}

size_t linkwatch_address_list_count(const struct linkwatch_address_list *list)
{
    return ((const struct list *)list)->count;
}

struct linkwatch_address *linkwatch_address_list_get(const struct linkwatch_address_list *list,
                                                     size_t place)
{
    return object_at((const struct list *)list, place);
}

int linkwatch_refresh(struct linkwatch *connection, int64_t timeout)
{
    struct reply reply;
    int r = connection_call(connection, "Links.Refresh", json_object(), timeout, &reply);

    if (r < 0)
        return r;
    wire_clear(&reply);
    return 0;
}

static int get_status(struct linkwatch *connection, const char *method, int64_t timeout,
                      struct linkwatch_status **ret)
{
    struct linkwatch_status *status;
    struct reply reply;
    int r = connection_call(connection, method, json_object(), timeout, &reply);

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

int linkwatch_get_status(struct linkwatch *connection, int64_t timeout,
                         struct linkwatch_status **ret)
{
    return get_status(connection, "Links.GetStatus", timeout, ret);
}

int linkwatch_get_statistics(struct linkwatch *connection, int64_t timeout,
                             struct linkwatch_status **ret)
{
    return get_status(connection, "Statistics.GetStatistics", timeout, ret);
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
