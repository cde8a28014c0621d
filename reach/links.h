/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links of a network namespace as the subscribers know them. What is reported of a link becomes
 * the updates that the kernel would send, in an order that it might send them in, with the
 * kernel's own description of the link. */
#ifndef REACH_LINKS_H
#define REACH_LINKS_H

#include <stdbool.h>

#include "reach/link_update.h"
#include "reach/subscription.h"

struct links;

/* Asks the kernel by that rtnetlink socket, which it takes, also if it fails; -1 for one of its own
 * in our namespace. The updates go to those subscriptions that are about the reports. */
int links_new(int fd, struct subscriptions *subscriptions, const struct reports *reports,
              struct links **ret);
struct links *links_free(struct links *links);

/* What is there now is what the subscribers know: all links, or that one, too. Linux silently ends
 * a dump before a link that doesn't fit into a part of 32 KiB, as one with many alternative names
 * doesn't. */
void links_learn(struct links *links);
void links_learn_one(struct links *links, int ifindex);

/* A link is new, or another one than before. */
void links_changed(struct links *links, int ifindex, enum audience audience);

/* A link is gone; to is where it lives on, NULL if it doesn't or that is not known. What is removed
 * at one time is sent by links_flush(), or before anything else. */
void links_removed(struct links *links, int ifindex, enum audience audience,
                   const struct link_move *to);
/* An update goes between them that removes something from a link: after the links are taken down,
 * and before those are removed that are reported later. Takes it. */
void links_remove_with(struct links *links, enum audience audience, struct update *update);
void links_flush(struct links *links);

/* Removes the links that the subscribers know and for which the function is true. */
void links_keep(struct links *links, bool (*is_gone)(void *user, int ifindex), void *user);

#endif
