/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/link_object.h"

#include <errno.h>
#include <limits.h>
#include <linux/if.h>
#include <string.h>

#include "protocol/glob.h"
#include "protocol/link_flags.h"

static const struct object_field fields[] = {
    [LINKWATCH_FIELD_IFINDEX] = {.form = NUMBER, .name = "ifindex"},
    [LINKWATCH_FIELD_IFNAME] = {.form = TEXT, .name = "ifname", .bytes = "ifname_bytes"},
    [LINKWATCH_FIELD_ALTNAMES] = {.form = TEXTS, .name = "altnames", .bytes = "altnames_bytes"},
    [LINKWATCH_FIELD_IFALIAS] = {.form = TEXT, .name = "ifalias"},
    [LINKWATCH_FIELD_LINK_TYPE] = {.form = TEXT, .name = "link_type"},
    [LINKWATCH_FIELD_FLAGS] = {.form = TEXTS, .name = "flags"},
    [LINKWATCH_FIELD_OPERSTATE] = {.form = TEXT, .name = "operstate"},
    [LINKWATCH_FIELD_LINKMODE] = {.form = TEXT, .name = "linkmode"},
    [LINKWATCH_FIELD_CARRIER] = {.form = TRUTH, .name = "carrier"},
    [LINKWATCH_FIELD_CARRIER_CHANGES] = {.form = NUMBER, .name = "carrier_changes"},
    [LINKWATCH_FIELD_CARRIER_UP_COUNT] = {.form = NUMBER, .name = "carrier_up_count"},
    [LINKWATCH_FIELD_CARRIER_DOWN_COUNT] = {.form = NUMBER, .name = "carrier_down_count"},
    [LINKWATCH_FIELD_MTU] = {.form = NUMBER, .name = "mtu"},
    [LINKWATCH_FIELD_MIN_MTU] = {.form = NUMBER, .name = "min_mtu"},
    [LINKWATCH_FIELD_MAX_MTU] = {.form = NUMBER, .name = "max_mtu"},
    [LINKWATCH_FIELD_ADDRESS] = {.form = TEXT, .name = "address"},
    [LINKWATCH_FIELD_BROADCAST] = {.form = TEXT, .name = "broadcast"},
    [LINKWATCH_FIELD_PERMADDR] = {.form = TEXT, .name = "permaddr"},
    [LINKWATCH_FIELD_MASTER] = {.form = TEXT, .name = "master", .bytes = "master_bytes"},
    [LINKWATCH_FIELD_LINK] = {.form = TEXT, .name = "link", .bytes = "link_bytes"},
    [LINKWATCH_FIELD_LINK_INDEX] = {.form = NUMBER, .name = "link_index"},
    [LINKWATCH_FIELD_LINK_NETNSID] = {.form = NUMBER, .name = "link_netnsid"},
    [LINKWATCH_FIELD_GROUP] = {.form = TEXT, .name = "group"},
    [LINKWATCH_FIELD_TXQLEN] = {.form = NUMBER, .name = "txqlen"},
    [LINKWATCH_FIELD_QDISC] = {.form = TEXT, .name = "qdisc"},
    [LINKWATCH_FIELD_PROMISCUITY] = {.form = NUMBER, .name = "promiscuity"},
    [LINKWATCH_FIELD_NUM_TX_QUEUES] = {.form = NUMBER, .name = "num_tx_queues"},
    [LINKWATCH_FIELD_NUM_RX_QUEUES] = {.form = NUMBER, .name = "num_rx_queues"},
    [LINKWATCH_FIELD_PARENTBUS] = {.form = TEXT, .name = "parentbus"},
    [LINKWATCH_FIELD_PARENTDEV] = {.form = TEXT, .name = "parentdev"},
    [LINKWATCH_FIELD_INFO_KIND] = {.form = TEXT, .name = "info_kind", .parent = "linkinfo"},
    [LINKWATCH_FIELD_INFO_SLAVE_KIND] = {.form = TEXT,
                                         .name = "info_slave_kind",
                                         .parent = "linkinfo"},
    [LINKWATCH_FIELD_MASTER_IFINDEX] = {.form = NUMBER, .name = "master_ifindex"},
    [LINKWATCH_FIELD_LINK_IFINDEX] = {.form = NUMBER, .name = "link_ifindex"},
    [LINKWATCH_FIELD_SINCE_USEC] = {.form = NUMBER, .name = "since_usec", .uncompared = true},
    [LINKWATCH_FIELD_SINCE_FIRST_DUMP] = {.form = TRUTH,
                                          .name = "since_first_dump",
                                          .uncompared = true},
    [LINKWATCH_FIELD_LAST_UP_USEC] = {.form = NUMBER, .name = "last_up_usec", .uncompared = true},
    [LINKWATCH_FIELD_LAST_DOWN_USEC] = {.form = NUMBER,
                                        .name = "last_down_usec",
                                        .uncompared = true},
};

static const struct object_type type = {.count = sizeof(fields) / sizeof(fields[0]),
                                        .fields = fields};

/* A link is an object of that type, and nothing else. */
static const struct object *object_of(const struct linkwatch_link *link)
{
    return (const struct object *)link;
}

/* Everybody counts on these two. */
static bool is_usable(const struct object *object)
{
    int64_t index = object_number(object, LINKWATCH_FIELD_IFINDEX);
    const char *name = object_text(object, LINKWATCH_FIELD_IFNAME);

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
    return (int)object_number(object_of(link), LINKWATCH_FIELD_IFINDEX);
}

const char *linkwatch_link_ifname(const struct linkwatch_link *link)
{
    return object_text(object_of(link), LINKWATCH_FIELD_IFNAME);
}

size_t link_bytes(const struct linkwatch_link *link)
{
    return object_bytes(object_of(link));
}

const char *linkwatch_link_json(const struct linkwatch_link *link)
{
    return object_json(object_of(link));
}

/* The wire has the absence of IFF_RUNNING. */
static int64_t flags_of(const struct linkwatch_link *link)
{
    const char *flag = NULL;
    uint32_t flags = 0;

    while ((flag = linkwatch_link_next_text(link, LINKWATCH_FIELD_FLAGS, flag)))
        flags |= link_flag_from_name(flag);
    if (flags & IFF_UP && !linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "NO-CARRIER"))
        flags |= IFF_RUNNING;
    return flags;
}

int linkwatch_link_get_integer(const struct linkwatch_link *link, int field, int64_t *ret)
{
    if (field != LINKWATCH_FIELD_FLAGS)
        return object_get_integer(object_of(link), field, ret);
    if (!object_knows(object_of(link), field))
        return -ENODATA;
    *ret = flags_of(link);
    return 0;
}

int linkwatch_link_get_boolean(const struct linkwatch_link *link, int field, bool *ret)
{
    return object_get_boolean(object_of(link), field, ret);
}

int linkwatch_link_get_string(const struct linkwatch_link *link, int field, const char **ret)
{
    return object_get_string(object_of(link), field, ret);
}

const char *linkwatch_link_next_text(const struct linkwatch_link *link, int field, const char *text)
{
    return object_next_text(object_of(link), field, text);
}

int linkwatch_link_has_text(const struct linkwatch_link *link, int field, const char *text)
{
    return object_has_text(object_of(link), field, text);
}

bool linkwatch_link_matches(const struct linkwatch_link *link, const char *name)
{
    const char *altname = NULL;

    if (glob_matches(name, linkwatch_link_ifname(link)))
        return true;
    while ((altname = linkwatch_link_next_text(link, LINKWATCH_FIELD_ALTNAMES, altname)))
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
    const char *permanent = object_text(link, LINKWATCH_FIELD_PERMADDR);

    return permanent ? permanent : object_text(link, LINKWATCH_FIELD_ADDRESS);
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
    const char *kind = object_text(a, LINKWATCH_FIELD_INFO_KIND);
    const char *new_kind = object_text(b, LINKWATCH_FIELD_INFO_KIND);

    if (went_back(a, b, LINKWATCH_FIELD_CARRIER_CHANGES) ||
        went_back(a, b, LINKWATCH_FIELD_CARRIER_UP_COUNT) ||
        went_back(a, b, LINKWATCH_FIELD_CARRIER_DOWN_COUNT))
        return true;
    if (kind && new_kind)
        return strcmp(kind, new_kind) != 0 && !addresses_are(a, b, true);
    return !object_same(a, b, LINKWATCH_FIELD_IFNAME) && addresses_are(a, b, false);
}

const char *linkwatch_field_name(int field)
{
    return object_field_name(&type, field);
}

int linkwatch_field_from_name(const char *name)
{
    return object_field_from_name(&type, name);
}

int linkwatch_link_format(const struct linkwatch_link *link, int field, char **ret)
{
    return object_format(object_of(link), field, ret);
}
