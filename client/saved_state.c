/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/saved_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/address_object.h"
#include "client/link_filter.h"
#include "client/link_object.h"
#include "client/link_set.h"

/* An empty object for none. */
static json_t *filter_json(const struct mirror_state *state)
{
    return state->filtered ? filter_to_json(state->filter) : json_object();
}

static void write_links(FILE *to, const struct object_set *links)
{
    struct linkwatch_link *link = NULL;
    int ifindex = 0;

    for (; (link = link_set_next(links, ifindex)); ifindex = linkwatch_link_ifindex(link))
        fprintf(to, "%s%s", ifindex ? "," : "", linkwatch_link_json(link));
}

static void write_addresses(FILE *to, const struct object_set *addresses)
{
    for (size_t i = 0; i < addresses->count; i++)
        fprintf(to, "%s%s", i ? "," : "",
                linkwatch_address_json((struct linkwatch_address *)addresses->objects[i]));
}

/* Whether the consumer knows something that is no longer so. */
static bool holds_back(const struct mirror_state *state)
{
    return hold_is_active(&state->hold) && state->hold.held.count > 0;
}

/* No event after the position reports what was held back until then: there is none to resume
 * from, and what the consumer knows is compared with a snapshot. */
static json_t *position_json(const struct mirror_state *state)
{
    if (holds_back(state))
        return json_null();
    return json_pack("{s:s, s:I}", "instance", state->instance, "sequence",
                     (json_int_t)state->reported);
}

/* Takes the value. -ENOMEM. */
static int write_value(FILE *to, const char *name, json_t *value)
{
    char *text =
        value ? json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY) : NULL;
    int r = text ? 0 : -ENOMEM;

    if (text)
        fprintf(to, "\"%s\":%s,", name, text);
    free(text);
    json_decref(value);
    return r;
}

static int write_state(FILE *to, const struct mirror_state *state)
{
    const struct snapshot *known = holds_back(state) ? &state->hold.known : &state->current;
    int r;

    fputc('{', to);
    r = write_value(to, "position", position_json(state));
    if (r >= 0)
        r = write_value(to, "filter", filter_json(state));
    if (r < 0)
        return r;
    fputs("\"links\":[", to);
    write_links(to, &known->links);
    fputc(']', to);
    if (state->follows_addresses) {
        fputs(",\"addresses\":[", to);
        write_addresses(to, &known->addresses);
        fputc(']', to);
    }
    fputc('}', to);
    return 0;
}

int saved_state_write(const struct mirror_state *state, char **ret)
{
    char *text = NULL;
    size_t size;
    FILE *to;
    int r;

    if (!state->complete)
        return -ENODATA;
    to = open_memstream(&text, &size);
    if (!to)
        return -ENOMEM;
    r = write_state(to, state);
    if (fclose(to) != 0)
        r = -ENOMEM;
    if (r < 0)
        free(text);
    else
        *ret = text;
    return r;
}

static int read_link(const struct mirror_state *state, const json_t *json, struct snapshot *ret)
{
    struct linkwatch_link *link;
    int r = link_from_json(json, &link);

    if (r < 0)
        return r;
    r = link_set_put(&ret->links, link, state->limit);
    linkwatch_link_unref(link);
    return r;
}

static int read_address(const struct mirror_state *state, const json_t *json, struct snapshot *ret)
{
    struct linkwatch_address *address;
    int r = address_from_json(json, &address);

    if (r < 0)
        return r;
    if (link_set_get(&ret->links, linkwatch_address_ifindex(address)))
        r = address_set_put(&ret->addresses, address, snapshot_room(state->limit, &ret->links));
    else
        r = -EBADMSG;
    linkwatch_address_unref(address);
    return r;
}

/* -EBADMSG for what is no array of such objects. */
static int read_all(const struct mirror_state *state, const json_t *array,
                    int (*read)(const struct mirror_state *, const json_t *, struct snapshot *),
                    struct snapshot *ret)
{
    int r = json_is_array(array) ? 0 : -EBADMSG;

    for (size_t i = 0; i < json_array_size(array) && r >= 0; i++)
        r = read(state, json_array_get(array, i), ret);
    return r;
}

static int check_filter(const struct mirror_state *state, const json_t *saved)
{
    json_t *filter = filter_json(state);
    bool same = json_equal(filter, saved);

    if (!filter)
        return -ENOMEM;
    json_decref(filter);
    return same ? 0 : -EBADMSG;
}

/* NULL and -1 for none. Once, the members of the position stood beside the others, with a sequence
 * of -1 for none. */
static int read_position(const json_t *json, const char **ret_instance, int64_t *ret_sequence)
{
    const json_t *position = json_object_get(json, "position");
    const json_t *sequence;

    if (json_is_null(position))
        return 0;
    if (!position)
        position = json;
    *ret_instance = json_string_value(json_object_get(position, "instance"));
    sequence = json_object_get(position, "sequence");
    *ret_sequence = json_integer_value(sequence);
    return *ret_instance && json_is_integer(sequence) && *ret_sequence >= -1 ? 0 : -EBADMSG;
}

static int read_state(struct mirror_state *state, json_t *json)
{
    struct snapshot snapshot = {.links = {0}};
    const char *instance = NULL;
    char *copy = NULL;
    int64_t sequence = -1;
    int r = read_position(json, &instance, &sequence);

    if (r >= 0)
        r = check_filter(state, json_object_get(json, "filter"));
    if (r >= 0)
        r = read_all(state, json_object_get(json, "links"), read_link, &snapshot);
    if (r >= 0 && state->follows_addresses)
        r = read_all(state, json_object_get(json, "addresses"), read_address, &snapshot);
    if (r >= 0 && instance && !(copy = strdup(instance)))
        r = -ENOMEM;
    if (r >= 0 && hold_is_active(&state->hold))
        r = hold_begin(&state->hold, &snapshot);
    if (r < 0) {
        snapshot_clear(&snapshot);
        free(copy);
        return r;
    }
    mirror_state_know(state, &snapshot, copy, sequence);
    return 0;
}

int saved_state_read(struct mirror_state *state, const char *text)
{
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    int r = json ? read_state(state, json) : -EBADMSG;

    json_decref(json);
    return r == -EBADMSG ? -EINVAL : r;
}
