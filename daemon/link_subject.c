/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/link_subject.h"

#include <errno.h>
#include <linux/rtnetlink.h>

static int parse(const struct link_objects *links, const struct nlmsghdr *message,
                 struct link **ret)
{
    int r = link_parse(message, ret);

    if (r >= 0 && !object_charge(&(*ret)->object, links->quota)) {
        link_unref(*ret);
        return -ENOMEM;
    }
    return r;
}

static void overrun(void *objects)
{
    reconcile_overrun(((struct link_objects *)objects)->reconcile);
}

static void reset(void *objects)
{
    reconcile_reset(((struct link_objects *)objects)->reconcile);
}

static int notified(void *objects, const struct nlmsghdr *message, int *ret_ifindex)
{
    const struct link_objects *links = objects;
    struct link *link;
    int r = parse(links, message, &link);

    if (r < 0)
        return r;
    *ret_ifindex = link->ifindex;
    if (message->nlmsg_type == RTM_DELLINK)
        r = reconcile_notified_gone(links->reconcile, link);
    else
        r = reconcile_notified(links->reconcile, link);
    link_unref(link);
    return r;
}

static void dump_begin(void *objects)
{
    reconcile_dump_begin(((struct link_objects *)objects)->reconcile);
}

static int dump_line(void *objects, const struct nlmsghdr *message)
{
    const struct link_objects *links = objects;
    uint64_t digest = 0;
    int ifindex;
    struct link *link;
    int r;

    /* Most lines are those of the dump before. */
    if (link_digest(message, &ifindex, &digest) >= 0 &&
        reconcile_dump_repeats(links->reconcile, ifindex, digest))
        return 0;
    r = parse(links, message, &link);
    if (r < 0)
        return r;
    r = reconcile_dump_line(links->reconcile, link, digest);
    link_unref(link);
    return r;
}

static void dump_line_without_room(void *objects, const struct nlmsghdr *message)
{
    const struct link_objects *links = objects;
    const struct ifinfomsg *info = NLMSG_DATA(message);

    if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(*info)))
        reconcile_dump_line_without_room(links->reconcile, info->ifi_index);
}

static int dump_end(void *objects, int error, bool alone, struct dump_verdict *ret)
{
    return reconcile_dump_end(((struct link_objects *)objects)->reconcile, error, alone, ret);
}

static int query(const void *objects)
{
    return reconcile_query(((const struct link_objects *)objects)->reconcile);
}

/* -EBADMSG if it is about another link. */
static int answered(void *objects, int ifindex, const struct nlmsghdr *message)
{
    const struct link_objects *links = objects;
    struct link *link;
    int r;

    if (!message)
        return reconcile_answered(links->reconcile, ifindex, NULL);
    r = parse(links, message, &link);
    if (r < 0)
        return r;
    r = -EBADMSG;
    if (link->ifindex == ifindex)
        r = reconcile_answered(links->reconcile, ifindex, link);
    link_unref(link);
    return r;
}

static int unanswered(void *objects, int ifindex, bool refused)
{
    return reconcile_unanswered(((struct link_objects *)objects)->reconcile, ifindex, refused);
}

static size_t unsettled(const void *objects)
{
    return reconcile_unsettled(((const struct link_objects *)objects)->reconcile);
}

static size_t count(const void *objects)
{
    return table_count(((const struct link_objects *)objects)->table);
}

static const int groups[] = {RTNLGRP_LINK, 0};

const struct subject link_subject = {
    .words = {.groups = "RTNLGRP_LINK", .objects = "links", .object = "link"},
    .groups = groups,
    .get = RTM_GETLINK,
    .overrun = overrun,
    .reset = reset,
    .notified = notified,
    .dump_begin = dump_begin,
    .dump_line = dump_line,
    .dump_line_without_room = dump_line_without_room,
    .dump_end = dump_end,
    .query = query,
    .answered = answered,
    .unanswered = unanswered,
    .unsettled = unsettled,
    .count = count,
};
