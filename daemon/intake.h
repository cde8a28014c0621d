/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads links from rtnetlink messages and leads them into reconcile. Their memory counts in a
 * quota, NULL for none. All functions: 0; as link_parse() says it, where the message is no state of
 * a link; or -ENOMEM, also where the quota has no room. Pure. */
#ifndef LINKWATCH_DAEMON_INTAKE_H
#define LINKWATCH_DAEMON_INTAKE_H

#include <linux/netlink.h>

#include "daemon/reconcile.h"

/* A line of the dump under way. -ENOENT: it has just an index. */
int intake_dump_line(struct reconcile *reconcile, struct quota *quota,
                     const struct nlmsghdr *message);

/* An RTM_NEWLINK or RTM_DELLINK that the kernel sent by itself. *ret_ifindex is its link, untouched
 * if it is about none. */
int intake_notification(struct reconcile *reconcile, struct quota *quota,
                        const struct nlmsghdr *message, int *ret_ifindex);

/* An RTM_NEWLINK that answers the query for that link; -EBADMSG if it is about another one. */
int intake_answer(struct reconcile *reconcile, struct quota *quota, const struct nlmsghdr *message,
                  int ifindex);

#endif
