/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/link_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/address_names.h"
#include "protocol/glob.h"
#include "protocol/utf8.h"

struct linkwatch_filter {
    json_t *lists; /* the wire's type Filter */
    size_t bytes;  /* of the entries in JSON */
};

static const char *const members[] = {
    [LINKWATCH_FILTER_NAMES] = "names",   [LINKWATCH_FILTER_INDEXES] = "indexes",
    [LINKWATCH_FILTER_KINDS] = "kinds",   [LINKWATCH_FILTER_FAMILIES] = "families",
    [LINKWATCH_FILTER_SCOPES] = "scopes",
};

_Static_assert(LINKWATCH_FILTER_ENTRIES_MAX == FILTER_VALUES_MAX, "the daemon's limit");
_Static_assert(LINKWATCH_FILTER_NAME_MAX == FILTER_GLOB_MAX, "the daemon's limit");

int linkwatch_filter_new(struct linkwatch_filter **ret)
{
    return filter_copy(NULL, ret);
}

struct linkwatch_filter *linkwatch_filter_free(struct linkwatch_filter *filter)
{
    if (!filter)
        return NULL;
    json_decref(filter->lists);
    free(filter);
    return NULL;
}

int linkwatch_filter_restrict(struct linkwatch_filter *filter, enum linkwatch_filter_type type)
{
    if ((size_t)type >= sizeof(members) / sizeof(members[0]))
        return -EINVAL;
    if (json_object_get(filter->lists, members[type]))
        return 0;
    return json_object_set_new(filter->lists, members[type], json_array()) < 0 ? -ENOMEM : 0;
}

/* NULL if the filter is not about that. */
static json_t *list_of(const struct linkwatch_filter *filter, enum linkwatch_filter_type type)
{
    return json_object_get(filter->lists, members[type]);
}

/* Takes the value over. */
static int add_value(struct linkwatch_filter *filter, enum linkwatch_filter_type type,
                     json_t *value)
{
    size_t bytes = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) + 1;
    int r = 0;

    if (json_array_size(list_of(filter, type)) >= FILTER_VALUES_MAX ||
        filter->bytes + bytes > LINKWATCH_FILTER_BYTES_MAX)
        r = -E2BIG;
    if (r >= 0)
        r = linkwatch_filter_restrict(filter, type);
    if (r < 0) {
        json_decref(value);
        return r;
    }
    if (json_array_append_new(list_of(filter, type), value) < 0)
        return -ENOMEM;
    filter->bytes += bytes;
    return 0;
}

/* json_string() refuses what isn't UTF-8 just as it fails without memory. */
static int add_text(struct linkwatch_filter *filter, enum linkwatch_filter_type type,
                    const char *text)
{
    json_t *value = json_string(text);

    if (!value) {
        value = json_string("");
        json_decref(value);
        return value ? -EILSEQ : -ENOMEM;
    }
    return add_value(filter, type, value);
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
    return add_text(filter, LINKWATCH_FILTER_NAMES, name);
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
    return add_text(filter, LINKWATCH_FILTER_KINDS, kind);
}

int linkwatch_filter_add_family(struct linkwatch_filter *filter, const char *family)
{
    if (address_family_from_name(family) < 0)
        return -EINVAL;
    return add_text(filter, LINKWATCH_FILTER_FAMILIES, family);
}

int linkwatch_filter_add_scope(struct linkwatch_filter *filter, const char *scope)
{
    char room[ADDRESS_NAME_SIZE];
    int number = address_scope_from_name(scope);

    if (number < 0)
        return -EINVAL;
    return add_text(filter, LINKWATCH_FILTER_SCOPES, address_scope_name((uint8_t)number, room));
}

int linkwatch_filter_add_index(struct linkwatch_filter *filter, int ifindex)
{
    json_t *value;

    if (ifindex < 1)
        return -EINVAL;
    value = json_integer(ifindex);
    return value ? add_value(filter, LINKWATCH_FILTER_INDEXES, value) : -ENOMEM;
}

bool filter_is_empty(const struct linkwatch_filter *filter)
{
    return !filter || json_object_size(filter->lists) == 0;
}

json_t *filter_to_json(const struct linkwatch_filter *filter)
{
    return filter_is_empty(filter) ? json_null() : json_deep_copy(filter->lists);
}

int filter_copy(const struct linkwatch_filter *filter, struct linkwatch_filter **ret)
{
    struct linkwatch_filter *copy = calloc(1, sizeof(*copy));

    if (!copy)
        return -ENOMEM;
    copy->lists = filter ? json_deep_copy(filter->lists) : json_object();
    copy->bytes = filter ? filter->bytes : 0;
    if (!copy->lists) {
        free(copy);
        return -ENOMEM;
    }
    *ret = copy;
    return 0;
}

static bool matches_names(const json_t *names, const struct linkwatch_link *link)
{
    size_t i;
    json_t *name;

    json_array_foreach (names, i, name)
        if (linkwatch_link_matches(link, json_string_value(name)))
            return true;
    return !names;
}

static bool matches_indexes(const json_t *indexes, const struct linkwatch_link *link)
{
    size_t i;
    json_t *index;

    json_array_foreach (indexes, i, index)
        if (json_integer_value(index) == linkwatch_link_ifindex(link))
            return true;
    return !indexes;
}

static bool matches_kinds(const json_t *kinds, const struct linkwatch_link *link)
{
    const char *of_link = NULL;
    size_t i;
    json_t *kind;

    if (!kinds)
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
    return !filter || (matches_names(list_of(filter, LINKWATCH_FILTER_NAMES), link) &&
                       matches_indexes(list_of(filter, LINKWATCH_FILTER_INDEXES), link) &&
                       matches_kinds(list_of(filter, LINKWATCH_FILTER_KINDS), link));
}
