/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/event_filter.h"

#include <errno.h>
#include <string.h>

#define NAME_SIZE 64

/* The bit of a type of events, 0 if there is none of that name. */
static unsigned type_bit(const char *name)
{
    for (int type = EVENT_ADD; type <= EVENT_REMOVE; type++)
        if (strcmp(event_type_name((enum event_type)type), name) == 0)
            return 1U << type;
    return 0;
}

static linkwatch_fields link_bit(const char *name)
{
    int field = linkwatch_field_from_name(name);

    /* What the wire has in one member. */
    if (strcmp(name, "linkinfo") == 0)
        return LINKWATCH_FIELD_MASK(INFO_KIND) | LINKWATCH_FIELD_MASK(INFO_SLAVE_KIND);
    return field < 0 ? 0 : UINT64_C(1) << field & ~LINKWATCH_FIELDS_UNCOMPARED;
}

static linkwatch_fields address_bit(const char *name)
{
    int field = linkwatch_address_field_from_name(name);

    return field < 0 ? 0 : UINT64_C(1) << field;
}

static bool add_type(struct event_filter *filter, const char *name)
{
    unsigned bit = type_bit(name);

    filter->types |= bit;
    return bit;
}

static bool add_field(struct event_filter *filter, const char *name)
{
    filter->link_fields |= link_bit(name);
    filter->address_fields |= address_bit(name);
    return link_bit(name) || address_bit(name);
}

static int add_names(struct event_filter *filter, const char *names,
                     bool (*add)(struct event_filter *, const char *))
{
    for (;;) {
        size_t length = strcspn(names, ",");
        char name[NAME_SIZE] = "";

        if (length >= sizeof(name))
            return -EINVAL;
        memcpy(name, names, length);
        if (!add(filter, name))
            return -EINVAL;
        if (names[length] == '\0')
            return 0;
        names += length + 1;
    }
}

int event_filter_add_types(struct event_filter *filter, const char *names)
{
    return add_names(filter, names, add_type);
}

int event_filter_add_fields(struct event_filter *filter, const char *names)
{
    return add_names(filter, names, add_field);
}

static bool passes(const struct event_filter *filter, unsigned type_bit, bool has_field)
{
    if (filter->types && !(filter->types & type_bit))
        return false;
    return type_bit != 1U << EVENT_CHANGE || has_field ||
           (!filter->link_fields && !filter->address_fields);
}

bool event_filter_passes_link(const struct event_filter *filter, enum event_type type,
                              linkwatch_fields fields)
{
    return passes(filter, 1U << type, filter->link_fields & fields);
}

bool event_filter_passes_address(const struct event_filter *filter, enum event_type type,
                                 linkwatch_fields fields)
{
    return passes(filter, 1U << type, filter->address_fields & fields);
}

/* The fields that a change has in its "old". */
static linkwatch_fields fields_of(const json_t *message, linkwatch_fields (*bit)(const char *))
{
    linkwatch_fields fields = 0;
    const char *name;
    json_t *value;

    json_object_foreach (json_object_get(message, "old"), name, value)
        fields |= bit(name);
    return fields;
}

bool event_filter_passes_message(const struct event_filter *filter, const json_t *message)
{
    const char *type = json_string_value(json_object_get(message, "type"));
    unsigned bit = type ? type_bit(type) : 0;

    if (!bit)
        return true;
    if (json_object_get(message, "address"))
        return passes(filter, bit, filter->address_fields & fields_of(message, address_bit));
    return passes(filter, bit, filter->link_fields & fields_of(message, link_bit));
}
