/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/intake.h"

#include <errno.h>
#include <linux/rtnetlink.h>

static int parse(struct quota *quota, const struct nlmsghdr *message, struct link **ret)
{
    int r = link_parse(message, ret);

    if (r >= 0 && !link_charge(*ret, quota)) {
        link_unref(*ret);
        return -ENOMEM;
    }
    return r;
}

/* Most lines are those of the dump before. */
int intake_dump_line(struct reconcile *reconcile, struct quota *quota,
                     const struct nlmsghdr *message)
{
    uint64_t digest = 0;
    int ifindex;
    struct link *link;
    int r;

    if (link_digest(message, &ifindex, &digest) >= 0 &&
        reconcile_dump_repeats(reconcile, ifindex, digest))
        return 0;
    r = parse(quota, message, &link);
    if (r < 0)
        return r;
    r = reconcile_dump_line(reconcile, link, digest);
    link_unref(link);
    return r;
}

int intake_notification(struct reconcile *reconcile, struct quota *quota,
                        const struct nlmsghdr *message, int *ret_ifindex)
{
    struct link *link;
    int r = parse(quota, message, &link);

    if (r < 0)
        return r;
    *ret_ifindex = link->ifindex;
    if (message->nlmsg_type == RTM_DELLINK)
        r = reconcile_notified_gone(reconcile, link);
    else
        r = reconcile_notified(reconcile, link);
    link_unref(link);
    return r;
}

int intake_answer(struct reconcile *reconcile, struct quota *quota, const struct nlmsghdr *message,
                  int ifindex)
{
    struct link *link;
    int r = parse(quota, message, &link);

    if (r < 0)
        return r;
    r = -EBADMSG;
    if (link->ifindex == ifindex)
        r = reconcile_answered(reconcile, ifindex, link);
    link_unref(link);
    return r;
}
