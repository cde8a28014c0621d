/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/allocation.h"
#include "daemon/digest.h"

/* What is known of operstates (RFC 2863) and link modes. */
#define OPERSTATE_MAX 6
#define LINKMODE_MAX  1

/* Bytes of the message, not NUL-terminated. */
struct text {
    const char *bytes;
    size_t length;
};

enum { IFALIAS, QDISC, PARENTBUS, PARENTDEV, INFO_KIND, INFO_SLAVE_KIND, TEXT_COUNT };

/* What becomes of the texts, in the order above. */
static const size_t text_members[TEXT_COUNT] = {
    [IFALIAS] = offsetof(struct link, ifalias),
    [QDISC] = offsetof(struct link, qdisc),
    [PARENTBUS] = offsetof(struct link, parentbus),
    [PARENTDEV] = offsetof(struct link, parentdev),
    [INFO_KIND] = offsetof(struct link, info_kind),
    [INFO_SLAVE_KIND] = offsetof(struct link, info_slave_kind),
};

static const link_fields text_fields[TEXT_COUNT] = {
    [IFALIAS] = LINK_FIELD_BIT(IFALIAS),     [QDISC] = LINK_FIELD_BIT(QDISC),
    [PARENTBUS] = LINK_FIELD_BIT(PARENTBUS), [PARENTDEV] = LINK_FIELD_BIT(PARENTDEV),
    [INFO_KIND] = LINK_FIELD_BIT(LINKINFO),  [INFO_SLAVE_KIND] = LINK_FIELD_BIT(LINKINFO),
};

struct attributes {
    struct nlattr *at[IFLA_MAX + 1];
    struct text texts[TEXT_COUNT];
};

static const char **text_member(const struct link *link, int text)
{
    return (const char **)((char *)link + text_members[text]);
}

/* The text of an attribute, NULL if there is none. The kernel ends it with a NUL;
 * without one it goes up to the attribute's end. */
static struct text text_of(const struct nlattr *attribute)
{
    struct text text = {0};

    if (!attribute)
        return text;
    text.bytes = nla_data(attribute);
    text.length = strnlen(text.bytes, (size_t)nla_len(attribute));
    return text;
}

/* The value of an attribute that has exactly so many bytes. False if there is none: one of
 * another size, as a later kernel may have, costs no more than itself. */
static bool take(struct attributes *attributes, int type, void *ret, size_t size)
{
    const struct nlattr *attribute = attributes->at[type];

    if (!attribute || (size_t)nla_len(attribute) != size)
        return false;
    memcpy(ret, nla_data(attribute), size);
    return true;
}

static void take_u32(struct attributes *attributes, int type, struct link *link,
                     enum link_field field, uint32_t *ret)
{
    if (take(attributes, type, ret, sizeof(*ret)))
        link->known |= UINT64_C(1) << field;
}

static void take_address(struct attributes *attributes, int type, struct link *link,
                         enum link_field field, struct link_address *ret)
{
    const struct nlattr *attribute = attributes->at[type];
    size_t length = attribute ? (size_t)nla_len(attribute) : 0;

    if (length == 0 || length > LINK_ADDRESS_MAX)
        return;
    memcpy(ret->bytes, nla_data(attribute), length);
    ret->length = (uint8_t)length;
    link->known |= UINT64_C(1) << field;
}

static void take_addresses(struct attributes *attributes, struct link *link)
{
    take_address(attributes, IFLA_ADDRESS, link, LINK_FIELD_ADDRESS, &link->address);
    take_address(attributes, IFLA_BROADCAST, link, LINK_FIELD_BROADCAST, &link->broadcast);
    take_address(attributes, IFLA_PERM_ADDRESS, link, LINK_FIELD_PERMADDR, &link->permaddr);
    if (memcmp(&link->permaddr, &link->address, sizeof(link->address)) == 0)
        link->known &= ~LINK_FIELD_BIT(PERMADDR);
}

static void take_numbers(struct attributes *attributes, struct link *link)
{
    static const struct {
        int type;
        enum link_field field;
        size_t member;
    } numbers[] = {
        {IFLA_CARRIER_CHANGES, LINK_FIELD_CARRIER_CHANGES, offsetof(struct link, carrier_changes)},
        {IFLA_CARRIER_UP_COUNT, LINK_FIELD_CARRIER_UP_COUNT,
         offsetof(struct link, carrier_up_count)},
        {IFLA_CARRIER_DOWN_COUNT, LINK_FIELD_CARRIER_DOWN_COUNT,
         offsetof(struct link, carrier_down_count)},
        {IFLA_MTU, LINK_FIELD_MTU, offsetof(struct link, mtu)},
        {IFLA_MIN_MTU, LINK_FIELD_MIN_MTU, offsetof(struct link, min_mtu)},
        {IFLA_MAX_MTU, LINK_FIELD_MAX_MTU, offsetof(struct link, max_mtu)},
        {IFLA_GROUP, LINK_FIELD_GROUP, offsetof(struct link, group)},
        {IFLA_TXQLEN, LINK_FIELD_TXQLEN, offsetof(struct link, txqlen)},
        {IFLA_PROMISCUITY, LINK_FIELD_PROMISCUITY, offsetof(struct link, promiscuity)},
        {IFLA_NUM_TX_QUEUES, LINK_FIELD_NUM_TX_QUEUES, offsetof(struct link, num_tx_queues)},
        {IFLA_NUM_RX_QUEUES, LINK_FIELD_NUM_RX_QUEUES, offsetof(struct link, num_rx_queues)},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        take_u32(attributes, numbers[i].type, link, numbers[i].field,
                 (uint32_t *)(void *)((char *)link + numbers[i].member));
}

static void take_states(struct attributes *attributes, struct link *link)
{
    uint8_t carrier;

    if (take(attributes, IFLA_OPERSTATE, &link->operstate, 1) && link->operstate <= OPERSTATE_MAX)
        link->known |= LINK_FIELD_BIT(OPERSTATE);
    if (take(attributes, IFLA_LINKMODE, &link->linkmode, 1) && link->linkmode <= LINKMODE_MAX)
        link->known |= LINK_FIELD_BIT(LINKMODE);
    if (take(attributes, IFLA_CARRIER, &carrier, 1)) {
        link->has_carrier = true;
        link->carrier = carrier != 0;
        /* Of many links that are down (bridges, lo) the kernel says that they have one; of
         * none of them it is of use, and sysfs refuses to show it. */
        if (link->flags & IFF_UP)
            link->known |= LINK_FIELD_BIT(CARRIER);
    }
}

/* 0 stands for no master and no lower link. A number of the other namespace says that
 * the lower link, or peer, is in there; one that can't be read, that it is not here. */
static void take_relations(struct attributes *attributes, struct link *link)
{
    bool elsewhere =
        take(attributes, IFLA_LINK_NETNSID, &link->link_netnsid, sizeof(link->link_netnsid));

    if (elsewhere)
        link->known |= LINK_FIELD_BIT(LINK_NETNSID);
    if (take(attributes, IFLA_MASTER, &link->master, sizeof(link->master)) && link->master)
        link->known |= LINK_FIELD_BIT(MASTER) | LINK_FIELD_BIT(MASTER_IFINDEX);
    if (!elsewhere && attributes->at[IFLA_LINK_NETNSID])
        return;
    if (take(attributes, IFLA_LINK, &link->link_index, sizeof(link->link_index)) &&
        link->link_index)
        link->known |= elsewhere ? LINK_FIELD_BIT(LINK_INDEX)
                                 : LINK_FIELD_BIT(LINK) | LINK_FIELD_BIT(LINK_IFINDEX);
}

static void take_destination(struct attributes *attributes, struct link_destination *to)
{
    /* Below 0 there is none by which this namespace knows that one. */
    to->has_netnsid =
        take(attributes, IFLA_NEW_NETNSID, &to->netnsid, sizeof(to->netnsid)) && to->netnsid >= 0;
    take(attributes, IFLA_NEW_IFINDEX, &to->ifindex, sizeof(to->ifindex));
}

static bool has_name(const struct attributes *attributes)
{
    size_t length = text_of(attributes->at[IFLA_IFNAME]).length;

    return length > 0 && length < sizeof(((struct link *)0)->ifname);
}

static void take_name(const struct attributes *attributes, struct link *link)
{
    struct text name = text_of(attributes->at[IFLA_IFNAME]);

    memcpy(link->ifname, name.bytes, name.length);
}

static void find_texts(struct attributes *attributes)
{
    struct nlattr *info[IFLA_INFO_MAX + 1] = {0};
    struct text *texts = attributes->texts;

    if (attributes->at[IFLA_LINKINFO] &&
        nla_parse_nested(info, IFLA_INFO_MAX, attributes->at[IFLA_LINKINFO], NULL) < 0)
        memset(info, 0, sizeof(info));
    texts[IFALIAS] = text_of(attributes->at[IFLA_IFALIAS]);
    texts[QDISC] = text_of(attributes->at[IFLA_QDISC]);
    texts[PARENTBUS] = text_of(attributes->at[IFLA_PARENT_DEV_BUS_NAME]);
    texts[PARENTDEV] = text_of(attributes->at[IFLA_PARENT_DEV_NAME]);
    texts[INFO_KIND] = text_of(info[IFLA_INFO_KIND]);
    texts[INFO_SLAVE_KIND] = text_of(info[IFLA_INFO_SLAVE_KIND]);
}

static struct text next_altname(const struct attributes *attributes, struct nlattr **at, int *left)
{
    struct nlattr *list = attributes->at[IFLA_PROP_LIST];

    if (!list)
        return (struct text){0};
    if (*at) {
        *at = nla_next(*at, left);
    } else {
        *at = nla_data(list);
        *left = nla_len(list);
    }
    for (; nla_ok(*at, *left); *at = nla_next(*at, left))
        if (nla_type(*at) == IFLA_ALT_IFNAME)
            return text_of(*at);
    return (struct text){0};
}

static size_t bytes_of_texts(const struct attributes *attributes)
{
    struct nlattr *at = NULL;
    struct text altname;
    size_t bytes = 0;
    int left;

    for (int i = 0; i < TEXT_COUNT; i++)
        bytes += attributes->texts[i].bytes ? attributes->texts[i].length + 1 : 0;
    while ((altname = next_altname(attributes, &at, &left)).bytes)
        bytes += altname.length + 1;
    return bytes;
}

/* The memory is zero already, which ends the text. */
static char *put_text(char *to, struct text text)
{
    memcpy(to, text.bytes, text.length);
    return to + text.length + 1;
}

static void take_texts(const struct attributes *attributes, struct link *link)
{
    char *to = (char *)(link + 1);
    struct nlattr *at = NULL;
    struct text altname;
    int left;

    for (int i = 0; i < TEXT_COUNT; i++) {
        if (!attributes->texts[i].bytes)
            continue;
        *text_member(link, i) = to;
        to = put_text(to, attributes->texts[i]);
        link->known |= text_fields[i];
    }
    while ((altname = next_altname(attributes, &at, &left)).bytes) {
        if (link->altname_count++ == 0)
            link->altnames = to;
        to = put_text(to, altname);
        link->known |= LINK_FIELD_BIT(ALTNAMES);
    }
}

static void take_all(struct attributes *attributes, const struct ifinfomsg *info, struct link *link)
{
    link->ifindex = info->ifi_index;
    link->type = info->ifi_type;
    link->flags = info->ifi_flags;
    link->known = LINK_FIELD_BIT(IFINDEX) | LINK_FIELD_BIT(IFNAME) | LINK_FIELD_BIT(LINK_TYPE) |
                  LINK_FIELD_BIT(FLAGS);
    take_name(attributes, link);
    take_numbers(attributes, link);
    take_states(attributes, link);
    take_addresses(attributes, link);
    take_relations(attributes, link);
    take_destination(attributes, &link->moved_to);
    take_texts(attributes, link);
    link_resolve(link, NULL, NULL);
}

/* Some kernels collect the indexes of a dump at one moment and what is behind them at
 * another one; of a link that came or went in between they say just the index. */
static bool is_placeholder(const struct attributes *attributes, const struct ifinfomsg *info)
{
    return text_of(attributes->at[IFLA_IFNAME]).length == 0 && info->ifi_type == 0 &&
           info->ifi_flags == 0;
}

int link_parse(const struct nlmsghdr *message, struct link **ret)
{
    struct attributes attributes = {0};
    const struct ifinfomsg *info;
    struct link *link;
    size_t size;

    if (nlmsg_parse((struct nlmsghdr *)message, sizeof(*info), attributes.at, IFLA_MAX, NULL) < 0)
        return -EBADMSG;
    info = nlmsg_data(message);
    if (info->ifi_index <= 0)
        return -EBADMSG;
    if (attributes.at[IFLA_WIRELESS])
        return -ENOMSG;
    if (is_placeholder(&attributes, info))
        return -ENOENT;
    if (!has_name(&attributes))
        return -EBADMSG;
    find_texts(&attributes);
    size = sizeof(*link) + bytes_of_texts(&attributes);
    link = calloc(1, size);
    if (!link)
        return -ENOMEM;
    link->references = 1;
    link->size = (uint32_t)size;
    take_all(&attributes, info, link);
    *ret = link;
    return 0;
}

int link_digest(const struct nlmsghdr *message, int *ret_ifindex, uint64_t *ret)
{
    const struct ifinfomsg *info = NLMSG_DATA(message);

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
        return -EBADMSG;
    *ret_ifindex = info->ifi_index;
    *ret = digest(info, message->nlmsg_len - NLMSG_HDRLEN);
    return 0;
}

size_t link_bytes(const struct link *link)
{
    return allocation_bytes(link->size);
}

bool link_charge(struct link *link, struct quota *quota)
{
    if (!quota_take(quota, link_bytes(link)))
        return false;
    link->quota = quota;
    return true;
}

static void forget_json(struct link *link)
{
    if (link->json)
        quota_give(link->quota, buffer_bytes(link->json));
    link->json = buffer_unref(link->json);
}

void link_keep_json(struct link *link, struct buffer *json)
{
    forget_json(link);
    if (!link->past && quota_take(link->quota, buffer_bytes(json)))
        link->json = buffer_ref(json);
}

void link_retire(struct link *link)
{
    forget_json(link);
    link->past = true;
}

struct link *link_ref(struct link *link)
{
    if (link)
        link->references++;
    return link;
}

struct link *link_unref(struct link *link)
{
    if (link && --link->references == 0) {
        forget_json(link);
        quota_give(link->quota, link_bytes(link));
        free(link);
    }
    return NULL;
}

/* A pointer into one allocation, as one into its copy. */
static const char *moved(const char *pointer, const struct link *from, struct link *to)
{
    return pointer ? (char *)to + (pointer - (const char *)from) : NULL;
}

struct link *link_copy(const struct link *link)
{
    struct link *copy = malloc(link->size);

    if (!copy)
        return NULL;
    memcpy(copy, link, link->size);
    if (!link_charge(copy, link->quota)) {
        free(copy);
        return NULL;
    }
    copy->references = 1;
    copy->json = NULL;
    copy->past = false;
    copy->altnames = moved(link->altnames, link, copy);
    for (int i = 0; i < TEXT_COUNT; i++)
        *text_member(copy, i) = moved(*text_member(link, i), link, copy);
    return copy;
}

static void name_other(char name[IF_NAMESIZE], int ifindex, const struct link *other)
{
    memset(name, 0, IF_NAMESIZE);
    if (other)
        memcpy(name, other->ifname, IF_NAMESIZE);
    else
        snprintf(name, IF_NAMESIZE, "if%d", ifindex);
}

void link_resolve(struct link *link, const struct link *master, const struct link *lower)
{
    if (link->known & LINK_FIELD_BIT(MASTER))
        name_other(link->master_name, link->master, master);
    if (link->known & LINK_FIELD_BIT(LINK))
        name_other(link->link_name, link->link_index, lower);
    link->link_down = lower && !(lower->flags & IFF_UP);
}

/* IFF_RUNNING is published as its absence: NO-CARRIER, on a link that is up. */
static uint32_t published_flags(uint32_t flags)
{
    return flags & IFF_UP ? flags : flags & ~(uint32_t)IFF_RUNNING;
}

static bool flags_differ(const struct link *a, const struct link *b)
{
    return published_flags(a->flags) != published_flags(b->flags) || a->link_down != b->link_down;
}

static bool texts_differ(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) != 0 : a != b;
}

static bool altnames_differ(const struct link *a, const struct link *b)
{
    const char *name = NULL, *other = NULL;

    if (a->altname_count != b->altname_count)
        return true;
    while ((name = link_next_altname(a, name))) {
        other = link_next_altname(b, other);
        if (strcmp(name, other) != 0)
            return true;
    }
    return false;
}

/* Members of fields that are compared byte by byte; what is unused of them is zero. */
static const struct {
    enum link_field field;
    size_t offset;
    size_t size;
} plain_members[] = {
#define PLAIN(field, member)                                                                  \
    {                                                                                         \
        LINK_FIELD_##field, offsetof(struct link, member), sizeof(((struct link *)0)->member) \
    }
    PLAIN(IFINDEX, ifindex),
    PLAIN(IFNAME, ifname),
    PLAIN(LINK_TYPE, type),
    PLAIN(OPERSTATE, operstate),
    PLAIN(LINKMODE, linkmode),
    PLAIN(CARRIER, carrier),
    PLAIN(CARRIER_CHANGES, carrier_changes),
    PLAIN(CARRIER_UP_COUNT, carrier_up_count),
    PLAIN(CARRIER_DOWN_COUNT, carrier_down_count),
    PLAIN(MTU, mtu),
    PLAIN(MIN_MTU, min_mtu),
    PLAIN(MAX_MTU, max_mtu),
    PLAIN(ADDRESS, address),
    PLAIN(BROADCAST, broadcast),
    PLAIN(PERMADDR, permaddr),
    PLAIN(MASTER_IFINDEX, master),
    PLAIN(MASTER, master_name),
    PLAIN(LINK_IFINDEX, link_index),
    PLAIN(LINK, link_name),
    PLAIN(LINK_INDEX, link_index),
    PLAIN(LINK_NETNSID, link_netnsid),
    PLAIN(GROUP, group),
    PLAIN(TXQLEN, txqlen),
    PLAIN(PROMISCUITY, promiscuity),
    PLAIN(NUM_TX_QUEUES, num_tx_queues),
    PLAIN(NUM_RX_QUEUES, num_rx_queues),
#undef PLAIN
};

link_fields link_compare(const struct link *before, const struct link *after)
{
    link_fields differ = before->known ^ after->known;
    link_fields both = before->known & after->known;

    for (size_t i = 0; i < sizeof(plain_members) / sizeof(plain_members[0]); i++) {
        link_fields bit = UINT64_C(1) << plain_members[i].field;
        size_t offset = plain_members[i].offset;

        if (both & bit && memcmp((const char *)before + offset, (const char *)after + offset,
                                 plain_members[i].size) != 0)
            differ |= bit;
    }
    for (int i = 0; i < TEXT_COUNT; i++)
        if (texts_differ(*text_member(before, i), *text_member(after, i)))
            differ |= text_fields[i];
    if (flags_differ(before, after))
        differ |= LINK_FIELD_BIT(FLAGS);
    if (altnames_differ(before, after))
        differ |= LINK_FIELD_BIT(ALTNAMES);
    return differ;
}

const char *link_next_altname(const struct link *link, const char *altname)
{
    /* The strings stand one behind the other, up to the end of the allocation. */
    const char *end = (const char *)link + link->size;
    const char *next = altname ? altname + strlen(altname) + 1 : link->altnames;

    return next && next < end ? next : NULL;
}

static bool went_backwards(const struct link *before, const struct link *after, link_fields bit,
                           uint32_t old, uint32_t new)
{
    return (before->known & after->known & bit) && new < old;
}

static bool counters_went_backwards(const struct link *before, const struct link *after)
{
    return went_backwards(before, after, LINK_FIELD_BIT(CARRIER_CHANGES), before->carrier_changes,
                          after->carrier_changes) ||
           went_backwards(before, after, LINK_FIELD_BIT(CARRIER_UP_COUNT), before->carrier_up_count,
                          after->carrier_up_count) ||
           went_backwards(before, after, LINK_FIELD_BIT(CARRIER_DOWN_COUNT),
                          before->carrier_down_count, after->carrier_down_count);
}

/* The address that a link was made with, as far as it is known; NULL if it isn't. */
static const struct link_address *own_address(const struct link *link)
{
    if (link->known & LINK_FIELD_BIT(PERMADDR))
        return &link->permaddr;
    return link->known & LINK_FIELD_BIT(ADDRESS) ? &link->address : NULL;
}

static bool addresses_are(const struct link *before, const struct link *after, bool same)
{
    const struct link_address *old = own_address(before);
    const struct link_address *new = own_address(after);

    return old && new && (memcmp(old, new, sizeof(*old)) == 0) == same;
}

/* Each piece of evidence that both states have is weighed; what the kernel doesn't say is
 * none. In words:
 *
 * Counters of the carrier only grow: where one went backwards, it is another link.
 * A living link can get another name, address and ARPHRD type (a bond with its first IPoIB
 * port, TUNSETLINK on a tap), so that none of them says anything by itself. Its kind stays:
 * with the same kind it is the same link, and with two kinds it is another one, unless it
 * kept its address.
 * Where there is no kind (a device of hardware; gVisor reports none at all) a link that has
 * both a name and an address that it had not is another one: such are the links after a
 * restored checkpoint, where indexes begin anew. The permanent address, where there is one,
 * says more than the present one, which a bond gives to its ports. */
bool link_is_another(const struct link *before, const struct link *after)
{
    if (counters_went_backwards(before, after))
        return true;
    if (before->info_kind && after->info_kind)
        return strcmp(before->info_kind, after->info_kind) != 0 &&
               !addresses_are(before, after, true);
    return strcmp(before->ifname, after->ifname) != 0 && addresses_are(before, after, false);
}
