/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Link updates: RTM_NEWLINK and RTM_DELLINK as the kernel sends them to subscribers. They are built
 * from the kernel's replies to queries and the previous and current state of the link. */
#ifndef REACH_LINK_UPDATE_H
#define REACH_LINK_UPDATE_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "reach/update.h"

/* The number by which this network namespace knows the other one, and the link's index there. */
struct link_move {
    int32_t netnsid;
    int32_t ifindex;
};

/* All of these make a new one, NULL for lack of memory. */

/* The RTM_NEWLINK that this answer describes; before is the link's last update, NULL if it is
 * new. The answer is an RTM_NEWLINK that has room for a struct ifinfomsg. */
struct update *link_update_from_answer(const struct nlmsghdr *answer, const struct update *before);
/* A link goes down because it will be removed, and is removed after that; to is where it lives
 * on, if it moved to another network namespace and that is known, else NULL. */
struct update *link_update_taken_down(const struct update *last);
struct update *link_update_removed(const struct update *last, const struct link_move *to);
/* It is renamed, and has no alternative names. */
struct update *link_update_renamed(const struct update *last, const char *name);

int link_update_ifindex(const struct update *update);
/* The index of the link's master, 0 for none. */
int link_update_master(const struct update *update);
bool link_update_is_up(const struct update *update);
/* Its names, the alternative ones included: the one after that, the first for NULL; NULL at
 * the end. They belong to the update. */
const char *link_update_next_name(const struct update *update, const char *name);
/* Whether they describe the same but for counters and clocks. */
bool link_update_is_same(const struct update *a, const struct update *b);

#endif
