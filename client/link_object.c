/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/link_object.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "protocol/fields.h"
#include "protocol/glob.h"

#define X(id, name) \
    _Static_assert((int)LINKWATCH_FIELD_##id == (int)LINK_FIELD_##id, "fields have one number");
LINK_FIELDS(X)
#undef X
_Static_assert((int)LINKWATCH_FIELD_LINK_IFINDEX + 1 == (int)LINK_FIELD_COUNT,
               "no field is missing");

/* Times, which are no fields. */
enum { SINCE = LINK_FIELD_COUNT, SINCE_FIRST_DUMP, LAST_UP, LAST_DOWN, FORM_COUNT };

static const char *const extras[FORM_COUNT - LINK_FIELD_COUNT] = {"since_usec", "since_first_dump",
                                                                  "last_up_usec", "last_down_usec"};

static const enum form forms[FORM_COUNT] = {
    [LINK_FIELD_IFINDEX] = NUMBER,
    [LINK_FIELD_IFNAME] = NAME,
    [LINK_FIELD_ALTNAMES] = NAMES,
    [LINK_FIELD_IFALIAS] = TEXT,
    [LINK_FIELD_LINK_TYPE] = TEXT,
    [LINK_FIELD_FLAGS] = TEXTS,
    [LINK_FIELD_OPERSTATE] = TEXT,
    [LINK_FIELD_LINKMODE] = TEXT,
    [LINK_FIELD_CARRIER] = TRUTH,
    [LINK_FIELD_CARRIER_CHANGES] = NUMBER,
    [LINK_FIELD_CARRIER_UP_COUNT] = NUMBER,
    [LINK_FIELD_CARRIER_DOWN_COUNT] = NUMBER,
    [LINK_FIELD_MTU] = NUMBER,
    [LINK_FIELD_MIN_MTU] = NUMBER,
    [LINK_FIELD_MAX_MTU] = NUMBER,
    [LINK_FIELD_ADDRESS] = TEXT,
    [LINK_FIELD_BROADCAST] = TEXT,
    [LINK_FIELD_PERMADDR] = TEXT,
    [LINK_FIELD_MASTER] = NAME,
    [LINK_FIELD_LINK] = NAME,
    [LINK_FIELD_LINK_INDEX] = NUMBER,
    [LINK_FIELD_LINK_NETNSID] = NUMBER,
    [LINK_FIELD_GROUP] = TEXT,
    [LINK_FIELD_TXQLEN] = NUMBER,
    [LINK_FIELD_QDISC] = TEXT,
    [LINK_FIELD_PROMISCUITY] = NUMBER,
    [LINK_FIELD_NUM_TX_QUEUES] = NUMBER,
    [LINK_FIELD_NUM_RX_QUEUES] = NUMBER,
    [LINK_FIELD_PARENTBUS] = TEXT,
    [LINK_FIELD_PARENTDEV] = TEXT,
    [LINK_FIELD_LINKINFO] = INFO,
    [LINK_FIELD_MASTER_IFINDEX] = NUMBER,
    [LINK_FIELD_LINK_IFINDEX] = NUMBER,
    [SINCE] = NUMBER,
    [SINCE_FIRST_DUMP] = TRUTH,
    [LAST_UP] = NUMBER,
    [LAST_DOWN] = NUMBER,
};

static const char *name_of(int field)
{
    return field < LINK_FIELD_COUNT ? link_field_name((enum link_field)field)
                                    : extras[field - LINK_FIELD_COUNT];
}

static const char *bytes_name_of(int field)
{
    return field < LINK_FIELD_COUNT ? link_field_bytes_name((enum link_field)field) : NULL;
}

static const struct object_type type = {.count = LINK_FIELD_COUNT,
                                        .extras = FORM_COUNT - LINK_FIELD_COUNT,
                                        .forms = forms,
                                        .name = name_of,
                                        .bytes_name = bytes_name_of};

/* A link is an object of that type, and nothing else. */
static const struct object *object_of(const struct linkwatch_link *link)
{
    return (const struct object *)link;
}

/* Everybody counts on these two. */
static bool is_usable(const struct object *object)
{
    int64_t index = object_number(object, LINK_FIELD_IFINDEX);
    const char *name = object_text(object, LINK_FIELD_IFNAME);

    return index >= 1 && index <= INT_MAX && name && name[0];
}

int link_from_json(const json_t *json, struct linkwatch_link **ret)
{
    struct object *object;
    int r = object_read(&type, json, &object);

    if (r < 0)
        return r;
    if (!is_usable(object)) {
        object_unref(object);
        return -EBADMSG;
    }
    *ret = (struct linkwatch_link *)object;
    return 0;
}

struct linkwatch_link *linkwatch_link_ref(struct linkwatch_link *link)
{
    object_ref((struct object *)link);
    return link;
}

struct linkwatch_link *linkwatch_link_unref(struct linkwatch_link *link)
{
    object_unref((struct object *)link);
    return NULL;
}

int linkwatch_link_ifindex(const struct linkwatch_link *link)
{
    return (int)object_number(object_of(link), LINK_FIELD_IFINDEX);
}

const char *linkwatch_link_ifname(const struct linkwatch_link *link)
{
    return object_text(object_of(link), LINK_FIELD_IFNAME);
}

size_t link_bytes(const struct linkwatch_link *link)
{
    return object_bytes(object_of(link));
}

const char *linkwatch_link_json(const struct linkwatch_link *link)
{
    return object_json(object_of(link));
}

int linkwatch_link_get_integer(const struct linkwatch_link *link, int field, int64_t *ret)
{
    return object_get_integer(object_of(link), field, ret);
}

int linkwatch_link_get_boolean(const struct linkwatch_link *link, int field, bool *ret)
{
    return object_get_boolean(object_of(link), field, ret);
}

int linkwatch_link_get_string(const struct linkwatch_link *link, int field, const char **ret)
{
    return object_get_string(object_of(link), field, ret);
}

int linkwatch_link_get_info_slave_kind(const struct linkwatch_link *link, const char **ret)
{
    const char *kind = object_slave_kind(object_of(link));

    if (!kind)
        return -ENODATA;
    *ret = kind;
    return 0;
}

static int get_time(const struct linkwatch_link *link, int extra, int64_t *ret)
{
    if (!object_knows(object_of(link), extra))
        return -ENODATA;
    *ret = object_number(object_of(link), extra);
    return 0;
}

int linkwatch_link_get_since(const struct linkwatch_link *link, int64_t *ret, bool *ret_first_dump)
{
    int r = get_time(link, SINCE, ret);

    if (r >= 0 && ret_first_dump)
        *ret_first_dump = object_number(object_of(link), SINCE_FIRST_DUMP);
    return r;
}

int linkwatch_link_get_last_up(const struct linkwatch_link *link, int64_t *ret)
{
    return get_time(link, LAST_UP, ret);
}

int linkwatch_link_get_last_down(const struct linkwatch_link *link, int64_t *ret)
{
    return get_time(link, LAST_DOWN, ret);
}

const char *link_next_text(const struct linkwatch_link *link, enum linkwatch_field field,
                           const char *text)
{
    return object_next_text(object_of(link), (int)field, text);
}

const char *linkwatch_link_next_altname(const struct linkwatch_link *link, const char *altname)
{
    return link_next_text(link, LINKWATCH_FIELD_ALTNAMES, altname);
}

const char *linkwatch_link_next_flag(const struct linkwatch_link *link, const char *flag)
{
    return link_next_text(link, LINKWATCH_FIELD_FLAGS, flag);
}

int linkwatch_link_has_flag(const struct linkwatch_link *link, const char *flag)
{
    const char *next = NULL;

    if (!object_knows(object_of(link), LINK_FIELD_FLAGS))
        return -ENODATA;
    while ((next = linkwatch_link_next_flag(link, next)))
        if (strcmp(next, flag) == 0)
            return 1;
    return 0;
}

bool linkwatch_link_matches(const struct linkwatch_link *link, const char *name)
{
    const char *altname = NULL;

    if (glob_matches(name, linkwatch_link_ifname(link)))
        return true;
    while ((altname = linkwatch_link_next_altname(link, altname)))
        if (glob_matches(name, altname))
            return true;
    return false;
}

linkwatch_fields linkwatch_link_compare(const struct linkwatch_link *a,
                                        const struct linkwatch_link *b)
{
    return object_compare(object_of(a), object_of(b));
}

static bool went_back(const struct object *before, const struct object *now, int field)
{
    return object_knows(before, field) && object_knows(now, field) &&
           object_number(now, field) < object_number(before, field);
}

/* The address that a link was made with, as far as it is known; NULL if it isn't. */
static const char *own_address(const struct object *link)
{
    const char *permanent = object_text(link, LINK_FIELD_PERMADDR);

    return permanent ? permanent : object_text(link, LINK_FIELD_ADDRESS);
}

static bool addresses_are(const struct object *before, const struct object *now, bool same)
{
    const char *old = own_address(before);
    const char *other = own_address(now);

    return old && other && (strcmp(old, other) == 0) == same;
}

/* All evidence that both states have is weighed, as the daemon does. Counters only grow. The
 * kind of a link stays: two kinds are two links, unless the address stayed. Without a kind,
 * a link of another name and another address is another one. */
bool link_is_another(const struct linkwatch_link *before, const struct linkwatch_link *now)
{
    const struct object *a = object_of(before);
    const struct object *b = object_of(now);
    const char *kind = object_text(a, LINK_FIELD_LINKINFO);
    const char *new_kind = object_text(b, LINK_FIELD_LINKINFO);

    if (went_back(a, b, LINK_FIELD_CARRIER_CHANGES) ||
        went_back(a, b, LINK_FIELD_CARRIER_UP_COUNT) ||
        went_back(a, b, LINK_FIELD_CARRIER_DOWN_COUNT))
        return true;
    if (kind && new_kind)
        return strcmp(kind, new_kind) != 0 && !addresses_are(a, b, true);
    return !object_same(a, b, LINK_FIELD_IFNAME) && addresses_are(a, b, false);
}

const char *linkwatch_field_name(int field)
{
    return field >= 0 && field < LINK_FIELD_COUNT ? name_of(field) : NULL;
}

int linkwatch_field_from_name(const char *name)
{
    return link_field_from_name(name);
}

int linkwatch_link_format(const struct linkwatch_link *link, int field, char **ret)
{
    return object_format(object_of(link), field, ret);
}
