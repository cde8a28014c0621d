/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/event_filter.h"

#include <errno.h>
#include <string.h>

#include "client/ctl/json_members.h"

#define NAME_SIZE 64

static const struct {
    const char *name;
    enum event_type type;
} types[] = {
    {"add", EVENT_TYPE_ADD},
    {"change", EVENT_TYPE_CHANGE},
    {"remove", EVENT_TYPE_REMOVE},
};

#define TYPES_COUNT (sizeof(types) / sizeof(types[0]))

/* The bit of a name, 0 if there is none. */
static uint64_t type_bit(const char *name)
{
    for (size_t i = 0; i < TYPES_COUNT; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    return 0;
}

static uint64_t field_bit(const char *name)
{
    int field = linkwatch_field_from_name(name);

    return field < 0 ? 0 : UINT64_C(1) << field;
}

static int read_names(const char *names, uint64_t (*bit)(const char *), uint64_t *ret)
{
    uint64_t bits = 0;

    for (;;) {
        size_t length = strcspn(names, ",");
        char name[NAME_SIZE] = "";
        uint64_t found;

        if (length >= sizeof(name))
            return -EINVAL;
        memcpy(name, names, length);
        found = bit(name);
        if (found == 0)
            return -EINVAL;
        bits |= found;
        if (names[length] == '\0')
            break;
        names += length + 1;
    }
    *ret = bits;
    return 0;
}

int event_filter_add_types(struct event_filter *filter, const char *names)
{
    uint64_t bits;
    int r = read_names(names, type_bit, &bits);

    if (r >= 0)
        filter->types |= (unsigned)bits;
    return r;
}

int event_filter_add_fields(struct event_filter *filter, const char *names)
{
    uint64_t bits;
    int r = read_names(names, field_bit, &bits);

    if (r >= 0)
        filter->fields |= bits;
    return r;
}

bool event_filter_passes(const struct event_filter *filter, enum event_type type,
                         linkwatch_fields fields)
{
    if (filter->types && !(filter->types & (unsigned)type))
        return false;
    return type != EVENT_TYPE_CHANGE || !filter->fields || (filter->fields & fields);
}

linkwatch_fields event_filter_address_fields(linkwatch_fields fields)
{
    linkwatch_fields named = 0;

    for (int field = 0; linkwatch_address_field_name(field); field++)
        if (fields & (UINT64_C(1) << field))
            named |= field_bit(linkwatch_address_field_name(field));
    return named;
}

/* The fields that a change has in its "old". */
static linkwatch_fields fields_of(const char *message)
{
    struct json_member old, member;
    linkwatch_fields fields = 0;
    const char *at;

    if (!json_find(message, "old", strlen("old"), &old))
        return 0;
    at = old.value;
    while (json_next(&at, &member)) {
        char name[NAME_SIZE] = "";

        if (member.name_length >= sizeof(name))
            continue;
        memcpy(name, member.name, member.name_length);
        fields |= field_bit(name);
    }
    return fields;
}

bool event_filter_passes_json(const struct event_filter *filter, const char *message)
{
    struct json_member type;

    if (!json_find(message, "type", strlen("type"), &type))
        return true;
    for (size_t i = 0; i < TYPES_COUNT; i++)
        if (json_is_text(&type, types[i].name))
            return event_filter_passes(filter, types[i].type, fields_of(message));
    return true;
}
