/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links of a network namespace as the subscribers know them. Events about links are converted
 * to the updates that the kernel would send, in an order that is possible in the kernel, with the
 * kernel's own description of the link. */
#ifndef REACH_LINKS_H
#define REACH_LINKS_H

#include <stdbool.h>

#include "reach/link_update.h"
#include "reach/subscription.h"

struct links;

/* Queries the kernel on that rtnetlink socket, which it closes, also if it fails; -1: opens one in
 * our own namespace. */
int links_new(int fd, const struct subscribers *subscribers, struct links **ret);
struct links *links_free(struct links *links);

/* The subscribers know all links that exist now, or that one, too. Linux silently ends a dump
 * before a link whose message exceeds 32 KiB, as that of a link with many alternative names does.
 */
void links_learn(struct links *links);
void links_learn_one(struct links *links, int ifindex);

/* A link was added or changed. */
void links_changed(struct links *links, int ifindex, enum audience audience);

/* A link was removed. to: where it was moved, NULL if it was not or that is unknown. Removals are
 * sent together, by links_flush() or before any other update. */
void links_removed(struct links *links, int ifindex, enum audience audience,
                   const struct link_move *to);
/* Something that a link has was removed, as the update says, which is taken over. It is sent after
 * the links were taken down and before those are removed that are reported later. */
void links_remove_with(struct links *links, enum audience audience, struct update *update);
void links_flush(struct links *links);

/* Removes the links that the subscribers know and for which the function is true. */
void links_keep(struct links *links, bool (*is_gone)(void *user, int ifindex), void *user);

#endif
