/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel answers to requests for links. */
#ifndef REACH_KERNEL_H
#define REACH_KERNEL_H

#include <linux/netlink.h>

struct kernel;

/* On that socket, which it takes, also if it fails; -1 for one of its own in our namespace. */
int kernel_new(int fd, struct kernel **ret);
struct kernel *kernel_free(struct kernel *kernel);

/* Asks for a link: its RTM_NEWLINK, valid until the next request. -ENODEV: there is none. */
int kernel_ask(struct kernel *kernel, int ifindex, const struct nlmsghdr **ret);

/* Asks for all links. A function that returns a negative errno ends it. */
int kernel_dump(struct kernel *kernel, int (*take)(void *user, const struct nlmsghdr *answer),
                void *user);

#endif
