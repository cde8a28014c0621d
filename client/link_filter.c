/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/link_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/address_names.h"
#include "protocol/glob.h"
#include "protocol/utf8.h"

struct linkwatch_filter {
    /* Arrays as they go over the wire; empty ones don't ask. */
    json_t *names;
    json_t *indexes;
    json_t *kinds;
    json_t *families;
    json_t *scopes;
    size_t bytes; /* of them in JSON */
};

_Static_assert(LINKWATCH_FILTER_ENTRIES_MAX == FILTER_VALUES_MAX, "the daemon's limit");
_Static_assert(LINKWATCH_FILTER_NAME_MAX == FILTER_GLOB_MAX, "the daemon's limit");

int linkwatch_filter_new(struct linkwatch_filter **ret)
{
    struct linkwatch_filter *filter = calloc(1, sizeof(*filter));

    if (!filter)
        return -ENOMEM;
    filter->names = json_array();
    filter->indexes = json_array();
    filter->kinds = json_array();
    filter->families = json_array();
    filter->scopes = json_array();
    if (!filter->names || !filter->indexes || !filter->kinds || !filter->families ||
        !filter->scopes) {
        linkwatch_filter_free(filter);
        return -ENOMEM;
    }
    *ret = filter;
    return 0;
}

struct linkwatch_filter *linkwatch_filter_free(struct linkwatch_filter *filter)
{
    if (!filter)
        return NULL;
    json_decref(filter->names);
    json_decref(filter->indexes);
    json_decref(filter->kinds);
    json_decref(filter->families);
    json_decref(filter->scopes);
    free(filter);
    return NULL;
}

/* Takes the value over. */
static int add_value(struct linkwatch_filter *filter, json_t *array, json_t *value)
{
    size_t bytes = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) + 1;

    if (json_array_size(array) >= FILTER_VALUES_MAX ||
        filter->bytes + bytes > LINKWATCH_FILTER_BYTES_MAX) {
        json_decref(value);
        return -E2BIG;
    }
    if (json_array_append_new(array, value) < 0)
        return -ENOMEM;
    filter->bytes += bytes;
    return 0;
}

/* json_string() refuses what isn't UTF-8 just as it fails without memory. */
static int add_text(struct linkwatch_filter *filter, json_t *array, const char *text)
{
    json_t *value = json_string(text);

    if (!value) {
        value = json_string("");
        json_decref(value);
        return value ? -EILSEQ : -ENOMEM;
    }
    return add_value(filter, array, value);
}

/* A copy that JSON can hold, for it is all UTF-8: other bytes are escapes in it, and those of
 * the special characters too. */
static char *escaped(const char *name, const char *special)
{
    char *copy = malloc(strlen(name) * UTF8_ESCAPE_SIZE + 1);
    char *to = copy;

    if (!copy)
        return NULL;
    while (*name) {
        uint32_t character;
        size_t bytes = utf8_decode(name, &character);

        if (bytes == 0) {
            to += utf8_escape(name, to, &bytes);
        } else {
            if (strchr(special, *name))
                *to++ = '\\';
            to = mempcpy(to, name, bytes);
        }
        name += bytes;
    }
    *to = '\0';
    return copy;
}

static int add_name(struct linkwatch_filter *filter, const char *name)
{
    if (glob_length(name) > FILTER_GLOB_MAX)
        return -ENAMETOOLONG;
    return add_text(filter, filter->names, name);
}

static int add_escaped(struct linkwatch_filter *filter, const char *name, const char *special)
{
    char *text = escaped(name, special);
    int r = text ? add_name(filter, text) : -ENOMEM;

    free(text);
    return r;
}

/* With escapes it isn't what the link is called exactly: that is asked for, too. */
int linkwatch_filter_add_name(struct linkwatch_filter *filter, const char *name)
{
    int r;

    if (utf8_is_valid(name))
        return add_name(filter, name);
    r = add_escaped(filter, name, "");
    return r < 0 ? r : add_escaped(filter, name, "*?[\\");
}

int linkwatch_filter_add_kind(struct linkwatch_filter *filter, const char *kind)
{
    return add_text(filter, filter->kinds, kind);
}

int linkwatch_filter_add_family(struct linkwatch_filter *filter, const char *family)
{
    if (address_family_from_name(family) < 0)
        return -EINVAL;
    return add_text(filter, filter->families, family);
}

int linkwatch_filter_add_scope(struct linkwatch_filter *filter, const char *scope)
{
    char room[ADDRESS_NAME_SIZE];
    int number = address_scope_from_name(scope);

    if (number < 0)
        return -EINVAL;
    return add_text(filter, filter->scopes, address_scope_name((uint8_t)number, room));
}

int linkwatch_filter_add_index(struct linkwatch_filter *filter, int ifindex)
{
    json_t *value;

    if (ifindex < 1)
        return -EINVAL;
    value = json_integer(ifindex);
    return value ? add_value(filter, filter->indexes, value) : -ENOMEM;
}

bool filter_is_empty(const struct linkwatch_filter *filter)
{
    return !filter ||
           (json_array_size(filter->names) == 0 && json_array_size(filter->indexes) == 0 &&
            json_array_size(filter->kinds) == 0 && json_array_size(filter->families) == 0 &&
            json_array_size(filter->scopes) == 0);
}

static int set_array(json_t *object, const char *name, json_t *array)
{
    return json_array_size(array) == 0 ? 0
                                       : json_object_set_new(object, name, json_deep_copy(array));
}

json_t *filter_to_json(const struct linkwatch_filter *filter)
{
    json_t *object;

    if (filter_is_empty(filter))
        return json_null();
    object = json_object();
    if (set_array(object, "names", filter->names) == 0 &&
        set_array(object, "indexes", filter->indexes) == 0 &&
        set_array(object, "kinds", filter->kinds) == 0 &&
        set_array(object, "families", filter->families) == 0 &&
        set_array(object, "scopes", filter->scopes) == 0)
        return object;
    json_decref(object);
    return NULL;
}

int filter_copy(const struct linkwatch_filter *filter, struct linkwatch_filter **ret)
{
    struct linkwatch_filter *copy;
    int r = linkwatch_filter_new(&copy);

    if (r < 0)
        return r;
    if (filter && (json_array_extend(copy->names, filter->names) < 0 ||
                   json_array_extend(copy->indexes, filter->indexes) < 0 ||
                   json_array_extend(copy->kinds, filter->kinds) < 0 ||
                   json_array_extend(copy->families, filter->families) < 0 ||
                   json_array_extend(copy->scopes, filter->scopes) < 0)) {
        linkwatch_filter_free(copy);
        return -ENOMEM;
    }
    copy->bytes = filter ? filter->bytes : 0;
    *ret = copy;
    return 0;
}

static bool fits_names(const json_t *names, const struct linkwatch_link *link)
{
    size_t i;
    json_t *name;

    json_array_foreach (names, i, name)
        if (linkwatch_link_matches(link, json_string_value(name)))
            return true;
    return json_array_size(names) == 0;
}

static bool fits_indexes(const json_t *indexes, const struct linkwatch_link *link)
{
    size_t i;
    json_t *index;

    json_array_foreach (indexes, i, index)
        if (json_integer_value(index) == linkwatch_link_ifindex(link))
            return true;
    return json_array_size(indexes) == 0;
}

static bool fits_kinds(const json_t *kinds, const struct linkwatch_link *link)
{
    const char *of_link = NULL;
    size_t i;
    json_t *kind;

    if (json_array_size(kinds) == 0)
        return true;
    if (linkwatch_link_get_string(link, LINKWATCH_FIELD_INFO_KIND, &of_link) < 0)
        return false;
    json_array_foreach (kinds, i, kind)
        if (strcmp(json_string_value(kind), of_link) == 0)
            return true;
    return false;
}

bool linkwatch_filter_matches(const struct linkwatch_filter *filter,
                              const struct linkwatch_link *link)
{
    return !filter || (fits_names(filter->names, link) && fits_indexes(filter->indexes, link) &&
                       fits_kinds(filter->kinds, link));
}
