/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/address_object.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "protocol/address_names.h"

static const struct object_field fields[] = {
    [LINKWATCH_ADDRESS_FIELD_IFINDEX] = {.form = NUMBER, .name = "ifindex"},
    [LINKWATCH_ADDRESS_FIELD_IFNAME] = {.form = TEXT, .name = "ifname", .bytes = "ifname_bytes"},
    [LINKWATCH_ADDRESS_FIELD_FAMILY] = {.form = TEXT, .name = "family"},
    [LINKWATCH_ADDRESS_FIELD_LOCAL] = {.form = TEXT, .name = "local"},
    [LINKWATCH_ADDRESS_FIELD_ADDRESS] = {.form = TEXT, .name = "address"},
    [LINKWATCH_ADDRESS_FIELD_PREFIXLEN] = {.form = NUMBER, .name = "prefixlen"},
    [LINKWATCH_ADDRESS_FIELD_METRIC] = {.form = NUMBER, .name = "metric"},
    [LINKWATCH_ADDRESS_FIELD_BROADCAST] = {.form = TEXT, .name = "broadcast"},
    [LINKWATCH_ADDRESS_FIELD_ANYCAST] = {.form = TEXT, .name = "anycast"},
    [LINKWATCH_ADDRESS_FIELD_SCOPE] = {.form = TEXT, .name = "scope"},
    [LINKWATCH_ADDRESS_FIELD_FLAGS] = {.form = TEXTS, .name = "flags"},
    [LINKWATCH_ADDRESS_FIELD_PROTOCOL] = {.form = TEXT, .name = "protocol"},
    [LINKWATCH_ADDRESS_FIELD_LABEL] = {.form = TEXT, .name = "label", .bytes = "label_bytes"},
    [LINKWATCH_ADDRESS_FIELD_VALID_LIFE_TIME] = {.form = NUMBER, .name = "valid_life_time"},
    [LINKWATCH_ADDRESS_FIELD_PREFERRED_LIFE_TIME] = {.form = NUMBER, .name = "preferred_life_time"},
};

static const struct object_type type = {.count = sizeof(fields) / sizeof(fields[0]),
                                        .fields = fields};

/* An address is an object of that type, and nothing else. */
static const struct object *object_of(const struct linkwatch_address *address)
{
    return (const struct object *)address;
}

/* What it is known by is there. */
static bool is_usable(const struct object *object)
{
    int64_t index = object_number(object, LINKWATCH_ADDRESS_FIELD_IFINDEX);

    return index >= 1 && index <= INT_MAX && object_text(object, LINKWATCH_ADDRESS_FIELD_IFNAME) &&
           object_text(object, LINKWATCH_ADDRESS_FIELD_FAMILY) &&
           object_text(object, LINKWATCH_ADDRESS_FIELD_LOCAL) &&
           object_knows(object, LINKWATCH_ADDRESS_FIELD_PREFIXLEN);
}

int address_from_json(const json_t *json, struct linkwatch_address **ret)
{
    struct object *object;
    int r = object_read(&type, json, &object);

    if (r < 0)
        return r;
    if (!is_usable(object)) {
        object_unref(object);
        return -EBADMSG;
    }
    *ret = (struct linkwatch_address *)object;
    return 0;
}

size_t address_bytes(const struct linkwatch_address *address)
{
    return object_bytes(object_of(address));
}

struct linkwatch_address *linkwatch_address_ref(struct linkwatch_address *address)
{
    object_ref((struct object *)address);
    return address;
}

struct linkwatch_address *linkwatch_address_unref(struct linkwatch_address *address)
{
    object_unref((struct object *)address);
    return NULL;
}

int linkwatch_address_ifindex(const struct linkwatch_address *address)
{
    return (int)object_number(object_of(address), LINKWATCH_ADDRESS_FIELD_IFINDEX);
}

const char *linkwatch_address_ifname(const struct linkwatch_address *address)
{
    return object_text(object_of(address), LINKWATCH_ADDRESS_FIELD_IFNAME);
}

const char *linkwatch_address_local(const struct linkwatch_address *address)
{
    return object_text(object_of(address), LINKWATCH_ADDRESS_FIELD_LOCAL);
}

/* The flags as the kernel has them. */
static int64_t flags_of(const struct linkwatch_address *address)
{
    uint32_t named = 0;
    const char *flag = NULL;

    while ((flag = linkwatch_address_next_text(address, LINKWATCH_ADDRESS_FIELD_FLAGS, flag)))
        named |= address_flag_from_name(flag);
    return address_flags_named(named);
}

/* What the kernel has for that name of the field; -ENOENT if it has none. */
static int number_of(int field, const char *name)
{
    switch (field) {
    case LINKWATCH_ADDRESS_FIELD_FAMILY:
        return address_family_from_name(name);
    case LINKWATCH_ADDRESS_FIELD_SCOPE:
        return address_scope_from_name(name);
    case LINKWATCH_ADDRESS_FIELD_PROTOCOL:
        return address_protocol_from_name(name);
    }
    return -ENOENT;
}

static int get_number_of_name(const struct object *object, int field, int64_t *ret)
{
    const char *name;
    int r = object_get_string(object, field, &name);

    if (r < 0)
        return r;
    r = number_of(field, name);
    if (r < 0)
        return -ENODATA;
    *ret = r;
    return 0;
}

int linkwatch_address_get_integer(const struct linkwatch_address *address, int field, int64_t *ret)
{
    const struct object *object = object_of(address);

    switch (field) {
    case LINKWATCH_ADDRESS_FIELD_FAMILY:
    case LINKWATCH_ADDRESS_FIELD_SCOPE:
    case LINKWATCH_ADDRESS_FIELD_PROTOCOL:
        return get_number_of_name(object, field, ret);
    case LINKWATCH_ADDRESS_FIELD_FLAGS:
        if (!object_knows(object, field))
            return -ENODATA;
        *ret = flags_of(address);
        return 0;
    }
    return object_get_integer(object, field, ret);
}

int linkwatch_address_get_string(const struct linkwatch_address *address, int field,
                                 const char **ret)
{
    return object_get_string(object_of(address), field, ret);
}

int linkwatch_address_get_boolean(const struct linkwatch_address *address, int field, bool *ret)
{
    return object_get_boolean(object_of(address), field, ret);
}

const char *linkwatch_address_next_text(const struct linkwatch_address *address, int field,
                                        const char *text)
{
    return object_next_text(object_of(address), field, text);
}

int linkwatch_address_has_text(const struct linkwatch_address *address, int field, const char *text)
{
    return object_has_text(object_of(address), field, text);
}

int linkwatch_address_format(const struct linkwatch_address *address, int field, char **ret)
{
    return object_format(object_of(address), field, ret);
}

const char *linkwatch_address_json(const struct linkwatch_address *address)
{
    return object_json(object_of(address));
}

linkwatch_fields linkwatch_address_compare(const struct linkwatch_address *a,
                                           const struct linkwatch_address *b)
{
    return object_compare(object_of(a), object_of(b));
}

const char *linkwatch_address_field_name(int field)
{
    return object_field_name(&type, field);
}

int linkwatch_address_field_from_name(const char *name)
{
    return object_field_from_name(&type, name);
}

static int order_numbers(const struct object *a, const struct object *b, int field)
{
    int64_t of_a = object_number(a, field);
    int64_t of_b = object_number(b, field);

    return (of_a > of_b) - (of_a < of_b);
}

static int order_texts(const struct object *a, const struct object *b, int field)
{
    const char *of_a = object_text(a, field);
    const char *of_b = object_text(b, field);

    return of_a && of_b ? strcmp(of_a, of_b) : (of_a != NULL) - (of_b != NULL);
}

int address_set_order(const struct object *object, const void *key)
{
    int by = order_numbers(object, key, LINKWATCH_ADDRESS_FIELD_IFINDEX);

    by = by ? by : order_texts(object, key, LINKWATCH_ADDRESS_FIELD_FAMILY);
    by = by ? by : order_texts(object, key, LINKWATCH_ADDRESS_FIELD_LOCAL);
    by = by ? by : order_numbers(object, key, LINKWATCH_ADDRESS_FIELD_PREFIXLEN);
    return by ? by : order_texts(object, key, LINKWATCH_ADDRESS_FIELD_ADDRESS);
}

bool address_is_same(const struct linkwatch_address *a, const struct linkwatch_address *b)
{
    return address_set_order(object_of(a), b) == 0;
}

/* No object is at the key: it stands before all of the link with that index. */
static int before_link(const struct object *object, const void *key)
{
    return object_number(object, LINKWATCH_ADDRESS_FIELD_IFINDEX) < *(const int *)key ? -1 : 1;
}

int address_set_put(struct object_set *set, struct linkwatch_address *address, size_t limit)
{
    return object_set_put(set, address_set_order, (struct object *)address, limit);
}

void address_set_drop(struct object_set *set, const struct linkwatch_address *address)
{
    object_set_drop(set, address_set_order, address);
}

struct linkwatch_address *address_set_get(const struct object_set *set,
                                          const struct linkwatch_address *address)
{
    return (struct linkwatch_address *)object_set_get(set, address_set_order, address);
}

struct linkwatch_address *address_set_next(const struct object_set *set, int ifindex,
                                           const struct linkwatch_address *after)
{
    struct object *next = after ? object_set_next(set, address_set_order, after)
                                : object_set_next(set, before_link, &ifindex);
    struct linkwatch_address *address = (struct linkwatch_address *)next;

    return address && ifindex && linkwatch_address_ifindex(address) != ifindex ? NULL : address;
}
