/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RTM_GETLINK: queries the kernel for links. */
#ifndef REACH_LINK_QUERY_H
#define REACH_LINK_QUERY_H

#include <linux/netlink.h>

struct link_query;

/* Uses that socket, which it closes, also if it fails; -1: opens one in our own namespace. */
int link_query_new(int fd, struct link_query **ret);
struct link_query *link_query_free(struct link_query *query);

/* Queries one link: its RTM_NEWLINK, valid until the next query. -ENODEV: there is no such link. */
int link_query_one(struct link_query *query, int ifindex, const struct nlmsghdr **ret);

/* Queries all links. Ends when the function returns a negative errno. */
int link_query_all(struct link_query *query, int (*take)(void *user, const struct nlmsghdr *answer),
                   void *user);

#endif
