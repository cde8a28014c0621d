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

#include "daemon/digest.h"

/* What is known of operstates (RFC 2863) and link modes. */
#define OPERSTATE_MAX 6
#define LINKMODE_MAX  1

/* Bytes of the message, not NUL-terminated. */
struct text {
    const char *bytes;
    size_t length;
};

/* Where a field stands, in which form, and the attribute that a number or an address is copied
 * from. */
#define LINK_MEMBERS(X)                                                     \
    X(IFINDEX, INT, ifindex, 0)                                             \
    X(IFNAME, NAME, ifname, 0)                                              \
    X(IFALIAS, TEXT, ifalias, 0)                                            \
    X(LINK_TYPE, OTHER, type, 0)                                            \
    X(OPERSTATE, OTHER, operstate, 0)                                       \
    X(LINKMODE, OTHER, linkmode, 0)                                         \
    X(CARRIER, OTHER, carrier, 0)                                           \
    X(CARRIER_CHANGES, U32, carrier_changes, IFLA_CARRIER_CHANGES)          \
    X(CARRIER_UP_COUNT, U32, carrier_up_count, IFLA_CARRIER_UP_COUNT)       \
    X(CARRIER_DOWN_COUNT, U32, carrier_down_count, IFLA_CARRIER_DOWN_COUNT) \
    X(MTU, U32, mtu, IFLA_MTU)                                              \
    X(MIN_MTU, U32, min_mtu, IFLA_MIN_MTU)                                  \
    X(MAX_MTU, U32, max_mtu, IFLA_MAX_MTU)                                  \
    X(ADDRESS, ADDRESS, address, IFLA_ADDRESS)                              \
    X(BROADCAST, ADDRESS, broadcast, IFLA_BROADCAST)                        \
    X(PERMADDR, ADDRESS, permaddr, IFLA_PERM_ADDRESS)                       \
    X(MASTER, NAME, master_name, 0)                                         \
    X(MASTER_IFINDEX, INT, master, 0)                                       \
    X(LINK, NAME, link_name, 0)                                             \
    X(LINK_IFINDEX, INT, link_index, 0)                                     \
    X(LINK_INDEX, INT, link_index, 0)                                       \
    X(LINK_NETNSID, INT, link_netnsid, 0)                                   \
    X(GROUP, OTHER, group, 0)                                               \
    X(TXQLEN, U32, txqlen, IFLA_TXQLEN)                                     \
    X(QDISC, TEXT, qdisc, 0)                                                \
    X(PROMISCUITY, U32, promiscuity, IFLA_PROMISCUITY)                      \
    X(NUM_TX_QUEUES, U32, num_tx_queues, IFLA_NUM_TX_QUEUES)                \
    X(NUM_RX_QUEUES, U32, num_rx_queues, IFLA_NUM_RX_QUEUES)                \
    X(PARENTBUS, TEXT, parentbus, 0)                                        \
    X(PARENTDEV, TEXT, parentdev, 0)

const struct link_member link_members[LINK_FIELD_COUNT] = {
#define X(field, form, member, attribute)                                    \
    [LINK_FIELD_##field] = {LINK_FORM_##form, offsetof(struct link, member), \
                            sizeof(((struct link *)0)->member), attribute},
    LINK_MEMBERS(X)
#undef X
};

/* Those that are copied. */
static const link_fields copied_fields =
#define X(field, form, member, attribute) ((attribute) ? LINK_FIELD_BIT(field) : 0) |
    LINK_MEMBERS(X) 0;
#undef X

enum { IFALIAS, QDISC, PARENTBUS, PARENTDEV, INFO_KIND, INFO_SLAVE_KIND, TEXT_COUNT };

/* What becomes of the texts, in the order above. */
static const struct {
    size_t offset;
    link_fields field;
} text_members[TEXT_COUNT] = {
#define TEXT(id, member, field) [id] = {offsetof(struct link, member), LINK_FIELD_BIT(field)}
    TEXT(IFALIAS, ifalias, IFALIAS),       TEXT(QDISC, qdisc, QDISC),
    TEXT(PARENTBUS, parentbus, PARENTBUS), TEXT(PARENTDEV, parentdev, PARENTDEV),
    TEXT(INFO_KIND, info_kind, LINKINFO),  TEXT(INFO_SLAVE_KIND, info_slave_kind, LINKINFO),
#undef TEXT
};

struct attributes {
    struct nlattr *at[IFLA_MAX + 1];
    struct text texts[TEXT_COUNT];
};

static const char **text_member(const struct link *link, int text)
{
    return (const char **)((char *)link + text_members[text].offset);
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

static bool take_address(const struct nlattr *attribute, struct link_address *ret)
{
    size_t length = attribute ? (size_t)nla_len(attribute) : 0;

    if (length == 0 || length > LINK_ADDRESS_MAX)
        return false;
    memcpy(ret->bytes, nla_data(attribute), length);
    ret->length = (uint8_t)length;
    return true;
}

static void take_copied(struct attributes *attributes, struct link *link)
{
    FOREACH_FIELD (field, copied_fields) {
        const struct link_member *member = &link_members[field];
        void *to = (char *)link + member->offset;

        if (member->form == LINK_FORM_ADDRESS ? take_address(attributes->at[member->attribute], to)
                                              : take(attributes, member->attribute, to, 4))
            link->known |= UINT64_C(1) << field;
    }
    if (memcmp(&link->permaddr, &link->address, sizeof(link->address)) == 0)
        link->known &= ~LINK_FIELD_BIT(PERMADDR);
}

static void take_states(struct attributes *attributes, struct link *link)
{
    uint8_t carrier;

    if (take(attributes, IFLA_OPERSTATE, &link->operstate, 1) && link->operstate <= OPERSTATE_MAX)
        link->known |= LINK_FIELD_BIT(OPERSTATE);
    if (take(attributes, IFLA_LINKMODE, &link->linkmode, 1) && link->linkmode <= LINKMODE_MAX)
        link->known |= LINK_FIELD_BIT(LINKMODE);
    if (take(attributes, IFLA_GROUP, &link->group, sizeof(link->group)))
        link->known |= LINK_FIELD_BIT(GROUP);
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
        link->known |= text_members[i].field;
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
    take_copied(attributes, link);
    take_states(attributes, link);
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
    object_init(&link->object, SUBJECT_LINKS, size);
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

/* A pointer into one allocation, as one into its copy. */
static const char *moved(const char *pointer, const struct link *from, struct link *to)
{
    return pointer ? (char *)to + (pointer - (const char *)from) : NULL;
}

struct link *link_copy(const struct link *link)
{
    struct link *copy = as_link(object_copy(&link->object));

    if (!copy)
        return NULL;
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

link_fields link_compare(const struct link *before, const struct link *after)
{
    link_fields differ = before->known ^ after->known;
    link_fields both = before->known & after->known;

    FOREACH_FIELD (field, both)
        if (link_members[field].form != LINK_FORM_TEXT &&
            memcmp(link_member(before, field), link_member(after, field),
                   link_members[field].size) != 0)
            differ |= UINT64_C(1) << field;
    for (int i = 0; i < TEXT_COUNT; i++)
        if (texts_differ(*text_member(before, i), *text_member(after, i)))
            differ |= text_members[i].field;
    if (flags_differ(before, after))
        differ |= LINK_FIELD_BIT(FLAGS);
    if (altnames_differ(before, after))
        differ |= LINK_FIELD_BIT(ALTNAMES);
    return differ;
}

const char *link_next_altname(const struct link *link, const char *altname)
{
    /* The strings stand one behind the other, up to the end of the allocation. */
    const char *end = (const char *)link + link->object.size;
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
