/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/filter.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/call.h"
#include "protocol/address_names.h"
#include "protocol/glob.h"

/* In the order in which a request may name them. */
enum { NAMES, INDEXES, KINDS, TYPES, FIELDS, FAMILIES, SCOPES, MEMBER_COUNT };

static const char *const members[MEMBER_COUNT] = {"names",  "indexes",  "kinds", "types",
                                                  "fields", "families", "scopes"};

struct filter {
    unsigned subjects;
    /* Arrays of strings or integers, checked; NULL where the filter does not ask. */
    json_t *names;
    json_t *indexes;
    json_t *kinds;
    json_t *scopes;
    unsigned types; /* bit N for event type N */
    uint64_t fields[SUBJECT_COUNT];
    bool inet;
    bool inet6;
    bool any_type;
    bool any_field;
    bool any_family;
};

static bool is_index(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 1 &&
           json_integer_value(value) <= INT_MAX;
}

static int event_type_of(const json_t *value)
{
    const char *name = call_text(value);

    if (!name)
        return -EINVAL;
    if (strcmp(name, "add") == 0)
        return EVENT_ADD;
    if (strcmp(name, "remove") == 0)
        return EVENT_REMOVE;
    return strcmp(name, "change") == 0 ? EVENT_CHANGE : -EINVAL;
}

static bool is_glob(const json_t *value)
{
    const char *glob = call_text(value);

    return glob && (strlen(glob) <= FILTER_GLOB_MAX || glob_length(glob) <= FILTER_GLOB_MAX);
}

/* A field of one of the subjects, or of both. */
static int take_field(struct filter *filter, const json_t *value)
{
    const char *name = call_text(value);
    int r = -EINVAL;

    for (enum subject_number i = 0; name && i < SUBJECT_COUNT; i++) {
        int field = filter->subjects & (1U << i) ? field_from_name(i, name) : -ENOENT;

        if (field < 0)
            continue;
        filter->fields[i] |= UINT64_C(1) << field;
        r = 0;
    }
    return r;
}

static int take_family(struct filter *filter, const json_t *value)
{
    const char *name = call_text(value);
    int family = name ? address_family_from_name(name) : -ENOENT;

    filter->inet |= family == AF_INET;
    filter->inet6 |= family == AF_INET6;
    return family < 0 ? -EINVAL : 0;
}

static int take_value(struct filter *filter, int member, const json_t *value)
{
    int n;

    switch (member) {
    case NAMES:
        return is_glob(value) ? 0 : -EINVAL;
    case KINDS:
    case SCOPES:
        return call_text(value) ? 0 : -EINVAL;
    case INDEXES:
        return is_index(value) ? 0 : -EINVAL;
    case TYPES:
        n = event_type_of(value);
        if (n >= 0)
            filter->types |= 1U << n;
        return n < 0 ? n : 0;
    case FIELDS:
        return take_field(filter, value);
    case FAMILIES:
        return take_family(filter, value);
    }
    return -EINVAL;
}

static int take_member(struct filter *filter, int member, json_t *array)
{
    size_t i;
    json_t *value;

    if (!json_is_array(array) || json_array_size(array) > FILTER_VALUES_MAX)
        return -EINVAL;
    json_array_foreach (array, i, value)
        if (take_value(filter, member, value) < 0)
            return -EINVAL;
    switch (member) {
    case NAMES:
        filter->names = json_incref(array);
        break;
    case INDEXES:
        filter->indexes = json_incref(array);
        break;
    case KINDS:
        filter->kinds = json_incref(array);
        break;
    case TYPES:
        filter->any_type = false;
        break;
    case FIELDS:
        filter->any_field = false;
        break;
    case FAMILIES:
        filter->any_family = false;
        break;
    case SCOPES:
        filter->scopes = json_incref(array);
        break;
    }
    return 0;
}

static int member_of(const char *name)
{
    for (int i = 0; i < MEMBER_COUNT; i++)
        if (strcmp(members[i], name) == 0)
            return i;
    return -EINVAL;
}

/* Whether a filter of those subjects can have it. */
static bool has_use(const struct filter *filter, int member, bool objects_only)
{
    if (member == TYPES || member == FIELDS)
        return !objects_only;
    return (member != FAMILIES && member != SCOPES) || filter->subjects & SUBJECT_BIT(ADDRESSES);
}

/* The name of the member that is wrong, NULL if none is. */
static const char *take_members(struct filter *filter, json_t *json, bool objects_only)
{
    const char *name;
    json_t *value;

    json_object_foreach (json, name, value) {
        int member = member_of(name);

        if (json_is_null(value))
            continue;
        if (member < 0 || !has_use(filter, member, objects_only) ||
            take_member(filter, member, value) < 0)
            return name;
    }
    return NULL;
}

int filter_new(const json_t *json, unsigned subjects, bool objects_only, struct filter **ret,
               const char **ret_member)
{
    bool is_object = json_is_object(json);
    struct filter *filter = calloc(1, sizeof(*filter));
    const char *wrong;

    if (!filter)
        return -ENOMEM;
    filter->subjects = subjects;
    filter->any_type = filter->any_field = filter->any_family = true;
    wrong = is_object ? take_members(filter, (json_t *)json, objects_only) : NULL;
    if (wrong || (json && !is_object && !json_is_null(json))) {
        *ret_member = wrong;
        filter_free(filter);
        return -EINVAL;
    }
    *ret = filter;
    return 0;
}

struct filter *filter_free(struct filter *filter)
{
    if (!filter)
        return NULL;
    json_decref(filter->names);
    json_decref(filter->indexes);
    json_decref(filter->kinds);
    json_decref(filter->scopes);
    free(filter);
    return NULL;
}

/* Whether a glob matches the link's next name; NULL in progress is before the first. */
static bool next_name_matches(const char *glob, const struct link *link,
                              const struct filter_progress *progress)
{
    return glob_matches(glob, progress->altname ? progress->altname : link->ifname);
}

/* To the link's next name, or to the first one and the next glob. */
static void go_on(struct filter_progress *progress, const struct link *link)
{
    progress->altname = link_next_altname(link, progress->altname);
    progress->glob += !progress->altname;
}

static int names_match(const json_t *globs, const struct link *link,
                       struct filter_progress *progress, const struct slice *slice)
{
    while (progress->glob < json_array_size(globs)) {
        const char *glob = json_string_value(json_array_get(globs, progress->glob));

        if (next_name_matches(glob, link, progress))
            return true;
        go_on(progress, link);
        if (slice_is_over(slice) && progress->glob < json_array_size(globs))
            return -EAGAIN;
    }
    return false;
}

static bool indexes_match(const json_t *indexes, const struct link *link)
{
    size_t i;
    json_t *index;

    json_array_foreach (indexes, i, index)
        if (json_integer_value(index) == link->ifindex)
            return true;
    return false;
}

static bool kinds_match(const json_t *kinds, const struct link *link)
{
    size_t i;
    json_t *kind;

    if (!link->info_kind)
        return false;
    json_array_foreach (kinds, i, kind)
        if (strcmp(json_string_value(kind), link->info_kind) == 0)
            return true;
    return false;
}

static bool scopes_match(const json_t *scopes, uint8_t value)
{
    char room[ADDRESS_NAME_SIZE];
    const char *name = address_scope_name(value, room);
    size_t i;
    json_t *scope;

    json_array_foreach (scopes, i, scope)
        if (strcmp(json_string_value(scope), name) == 0)
            return true;
    return false;
}

unsigned filter_subjects(const struct filter *filter)
{
    return filter->subjects;
}

bool filter_passes_all(const struct filter *filter)
{
    return !filter->names && !filter->indexes && !filter->kinds && !filter->scopes &&
           filter->any_type && filter->any_field && filter->any_family;
}

static int holds_against(const struct filter *filter, const struct link *link,
                         struct filter_progress *progress, const struct slice *slice)
{
    if ((filter->indexes && !indexes_match(filter->indexes, link)) ||
        (filter->kinds && !kinds_match(filter->kinds, link)))
        return false;
    return filter->names ? names_match(filter->names, link, progress, slice) : true;
}

static bool address_holds(const struct filter *filter, const struct address *address)
{
    bool is_inet = address->key.family == AF_INET;

    return (filter->any_family || (is_inet ? filter->inet : filter->inet6)) &&
           (!filter->scopes || scopes_match(filter->scopes, address->scope));
}

int filter_passes_object(const struct filter *filter, const struct object *object,
                         struct filter_progress *progress, const struct slice *slice)
{
    bool is_address = object->subject == SUBJECT_ADDRESSES;
    const struct link *link = is_address ? object->link : (const struct link *)object;
    int r = false;

    if (!is_address || address_holds(filter, (const struct address *)object))
        r = holds_against(filter, link, progress, slice);
    if (r >= 0)
        *progress = (struct filter_progress){.glob = 0};
    return r;
}

static bool wants_type(const struct filter *filter, const struct event *event)
{
    uint64_t fields = event_is_of_link_alone(event) ? ADDRESS_FIELD_BIT(IFNAME) : event->fields;

    if (!filter->any_type && !(filter->types & (1U << event->type)))
        return false;
    return event->type != EVENT_CHANGE || filter->any_field ||
           filter->fields[event->subject] & fields;
}

int filter_passes_event(const struct filter *filter, const struct event *event,
                        struct filter_progress *progress, const struct slice *slice)
{
    bool either = event_is_of_link_alone(event);
    bool before;
    int r = 0;

    if (event->type == EVENT_SOURCE)
        return true;
    if (!wants_type(filter, event))
        return false;
    if (!progress->after) {
        if (event->before)
            r = filter_passes_object(filter, event->before, progress, slice);
        if (r < 0 || (r > 0 && !either) || !event->after)
            return r;
        progress->after = true;
        progress->before = r;
    }
    before = progress->before;
    r = filter_passes_object(filter, event->after, progress, slice);
    return r >= 0 && either ? r != before : r;
}
