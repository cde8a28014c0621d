/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/link_update.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* IFLA_ALLMULTI, since Linux 6.0. */
#define ALLMULTI 61

/* What rewriting may add: a name, two numbers, and the padding of what it touches. */
#define SPARE 96

/* What goes when a link isn't up. */
#define OPERATIONAL (IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT)
/* What ifi_change never names in the updates of single changes, since it can't be set. */
#define UNSETTABLE (OPERATIONAL | IFF_MASTER | IFF_SLAVE)

static struct update *copy(const void *data, size_t size)
{
    struct update *update = update_new(RTNLGRP_LINK, size);

    if (!update)
        return NULL;
    update->size = size;
    memcpy(update->data, data, size);
    return update;
}

static struct nlmsghdr *header_of(const struct update *update)
{
    return (struct nlmsghdr *)(uintptr_t)update->data;
}

static struct ifinfomsg *info_of(const struct update *update)
{
    return NLMSG_DATA(header_of(update));
}

/* The attribute that begins there, NULL if no whole one does before the end. */
static struct rtattr *attribute_at(const char *place, const char *end)
{
    struct rtattr *attribute = (struct rtattr *)(uintptr_t)place;

    if (end - place < (ptrdiff_t)sizeof(*attribute) || attribute->rta_len < sizeof(*attribute) ||
        end - place < (ptrdiff_t)attribute->rta_len)
        return NULL;
    return attribute;
}

static struct rtattr *next_attribute(const struct rtattr *attribute, const char *end)
{
    return attribute_at((const char *)attribute + RTA_ALIGN(attribute->rta_len), end);
}

static const char *end_of(const struct update *update)
{
    return update->data + update->size;
}

static struct rtattr *first_attribute(const struct update *update)
{
    return attribute_at(update->data + NLMSG_SPACE(sizeof(struct ifinfomsg)), end_of(update));
}

static const char *end_within(const struct rtattr *nest)
{
    return (const char *)nest + nest->rta_len;
}

static struct rtattr *first_within(const struct rtattr *nest)
{
    return attribute_at(RTA_DATA(nest), end_within(nest));
}

static unsigned type_of(const struct rtattr *attribute)
{
    return attribute->rta_type & (unsigned)NLA_TYPE_MASK;
}

static struct rtattr *find(const struct update *update, unsigned type)
{
    struct rtattr *attribute = first_attribute(update);

    while (attribute && type_of(attribute) != type)
        attribute = next_attribute(attribute, end_of(update));
    return attribute;
}

/* change: the flags that were set or cleared. */
static void finish(struct update *update, uint16_t type, unsigned change)
{
    update_finish(update, type);
    info_of(update)->ifi_change = change;
}

int link_update_master(const struct update *update)
{
    const struct rtattr *attribute = find(update, IFLA_MASTER);
    int master = 0;

    if (attribute && RTA_PAYLOAD(attribute) == sizeof(master))
        memcpy(&master, RTA_DATA(attribute), sizeof(master));
    return master;
}

static bool is_promiscuous(const struct update *update)
{
    const struct rtattr *attribute = find(update, IFLA_PROMISCUITY);
    uint32_t count = 0;

    if (attribute && RTA_PAYLOAD(attribute) == sizeof(count))
        memcpy(&count, RTA_DATA(attribute), sizeof(count));
    return count > 0;
}

static bool is_port(const struct update *update)
{
    return link_update_master(update) != 0;
}

/* Which flags somebody set or cleared. A bridge sets IFF_PROMISC of its ports, which only
 * their counter shows; what is on top of other links does so without an update. */
static unsigned change_between(const struct update *before, const struct update *now)
{
    unsigned change = info_of(before)->ifi_flags ^ info_of(now)->ifi_flags;

    if ((is_port(before) || is_port(now)) && is_promiscuous(before) != is_promiscuous(now))
        change |= IFF_PROMISC;
    return change & ~(unsigned)UNSETTABLE;
}

struct update *link_update_from_answer(const struct nlmsghdr *answer, const struct update *before)
{
    struct update *update = copy(answer, answer->nlmsg_len);

    if (update)
        finish(update, RTM_NEWLINK, before ? change_between(before, update) : ~0U);
    return update;
}

/* The value of a single byte or word, if it is there. */
static void set_value(struct update *update, unsigned type, const void *value, size_t size)
{
    struct rtattr *attribute = find(update, type);

    if (attribute && RTA_PAYLOAD(attribute) == size)
        memcpy(RTA_DATA(attribute), value, size);
}

struct update *link_update_taken_down(const struct update *last)
{
    struct update *update = copy(last->data, last->size);
    const uint8_t down = IF_OPER_DOWN;

    if (!update)
        return NULL;
    /* As in dev_close_many(). */
    finish(update, RTM_NEWLINK, IFF_UP | IFF_RUNNING);
    info_of(update)->ifi_flags &= ~(unsigned)(IFF_UP | OPERATIONAL);
    set_value(update, IFLA_OPERSTATE, &down, sizeof(down));
    return update;
}

static void put_again(struct update *update, const struct rtattr *attribute)
{
    update_put(update, attribute->rta_type, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
}

/* Puts what takes the place of an attribute of the link's last update. */
typedef void edit(struct update *update, const struct rtattr *attribute, const void *user);

static struct update *rewrite(const struct update *last, edit *put_edited, const void *user)
{
    struct update *update = update_new(RTNLGRP_LINK, last->size + SPARE);

    if (!update)
        return NULL;
    update->size = NLMSG_SPACE(sizeof(struct ifinfomsg));
    memcpy(update->data, last->data, update->size);
    for (const struct rtattr *attribute = first_attribute(last); attribute;
         attribute = next_attribute(attribute, end_of(last)))
        put_edited(update, attribute, user);
    return update;
}

/* What the link was as a port of its master is no more. */
static void put_linkinfo(struct update *update, const struct rtattr *linkinfo)
{
    struct rtattr *nest = (struct rtattr *)(void *)(update->data + update->size);

    update_put(update, linkinfo->rta_type, NULL, 0);
    for (const struct rtattr *attribute = first_within(linkinfo); attribute;
         attribute = next_attribute(attribute, end_within(linkinfo)))
        if (type_of(attribute) != IFLA_INFO_SLAVE_KIND &&
            type_of(attribute) != IFLA_INFO_SLAVE_DATA)
            put_again(update, attribute);
    nest->rta_len = (unsigned short)(update->data + update->size - (char *)nest);
}

/* A counter of the users of a flag, of which only the administrator is left. */
static void put_counter(struct update *update, const struct rtattr *attribute, unsigned flag)
{
    const uint32_t value = info_of(update)->ifi_flags & flag ? 1 : 0;

    update_put(update, attribute->rta_type, &value, sizeof(value));
}

static void put_move(struct update *update, const struct link_move *to)
{
    if (!to)
        return;
    update_put(update, IFLA_NEW_NETNSID, &to->netnsid, sizeof(to->netnsid));
    update_put(update, IFLA_NEW_IFINDEX, &to->ifindex, sizeof(to->ifindex));
}

/* Before it reports a removal, the kernel detaches from the link what others have attached. */
static void edit_removed(struct update *update, const struct rtattr *attribute, const void *user)
{
    static const char noop[] = "noop";

    switch (type_of(attribute)) {
    case IFLA_MASTER:
        return;
    case IFLA_LINKINFO:
        put_linkinfo(update, attribute);
        put_move(update, user);
        return;
    case IFLA_QDISC:
        update_put(update, attribute->rta_type, noop, sizeof(noop));
        return;
    case IFLA_AF_SPEC:
        update_put(update, attribute->rta_type, NULL, 0);
        return;
    case IFLA_PROMISCUITY:
        put_counter(update, attribute, IFF_PROMISC);
        return;
    case ALLMULTI:
        put_counter(update, attribute, IFF_ALLMULTI);
        return;
    }
    put_again(update, attribute);
}

struct update *link_update_removed(const struct update *last, const struct link_move *to)
{
    struct update *update = rewrite(last, edit_removed, to);
    const uint8_t down = IF_OPER_DOWN;

    if (!update)
        return NULL;
    finish(update, RTM_DELLINK, ~0U);
    info_of(update)->ifi_flags &= ~(unsigned)(IFF_UP | OPERATIONAL);
    if (link_update_is_up(last))
        set_value(update, IFLA_OPERSTATE, &down, sizeof(down));
    return update;
}

static void edit_name(struct update *update, const struct rtattr *attribute, const void *user)
{
    const char *name = user;

    switch (type_of(attribute)) {
    case IFLA_IFNAME:
        update_put(update, attribute->rta_type, name, strlen(name) + 1);
        return;
    case IFLA_PROP_LIST:
        return;
    }
    put_again(update, attribute);
}

struct update *link_update_renamed(const struct update *last, const char *name)
{
    struct update *update = rewrite(last, edit_name, name);

    if (update)
        finish(update, RTM_NEWLINK, 0);
    return update;
}

int link_update_ifindex(const struct update *update)
{
    return info_of(update)->ifi_index;
}

bool link_update_is_up(const struct update *update)
{
    return info_of(update)->ifi_flags & IFF_UP;
}

/* NULL unless it is text with an end. */
static const char *text_of(const struct rtattr *attribute)
{
    const char *text = RTA_DATA(attribute);

    return memchr(text, '\0', RTA_PAYLOAD(attribute)) ? text : NULL;
}

static const char *next_altname(const struct update *update, const char *name)
{
    const struct rtattr *list = find(update, IFLA_PROP_LIST), *attribute;

    for (attribute = list ? first_within(list) : NULL; attribute;
         attribute = next_attribute(attribute, end_within(list))) {
        const char *text = type_of(attribute) == IFLA_ALT_IFNAME ? text_of(attribute) : NULL;

        if (text && (!name || text > name))
            return text;
    }
    return NULL;
}

const char *link_update_next_name(const struct update *update, const char *name)
{
    const struct rtattr *attribute = find(update, IFLA_IFNAME);
    const char *ifname = attribute ? text_of(attribute) : NULL;

    if (!name && ifname)
        return ifname;
    return next_altname(update, name == ifname ? NULL : name);
}

/* These differ from answer to answer, or are reported only in part. */
static bool is_fleeting(unsigned type)
{
    return type == IFLA_STATS || type == IFLA_STATS64 || type == IFLA_AF_SPEC ||
           type == IFLA_LINKINFO;
}

static bool has_same_value(const struct rtattr *a, const struct rtattr *b)
{
    return a->rta_len == b->rta_len && memcmp(RTA_DATA(a), RTA_DATA(b), RTA_PAYLOAD(a)) == 0;
}

bool link_update_is_same(const struct update *a, const struct update *b)
{
    const struct rtattr *one = first_attribute(a), *other = first_attribute(b);

    if (info_of(a)->ifi_flags != info_of(b)->ifi_flags ||
        info_of(a)->ifi_type != info_of(b)->ifi_type)
        return false;
    while (one && other) {
        if (one->rta_type != other->rta_type ||
            (!is_fleeting(type_of(one)) && !has_same_value(one, other)))
            return false;
        one = next_attribute(one, end_of(a));
        other = next_attribute(other, end_of(b));
    }
    return !one && !other;
}
