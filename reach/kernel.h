/* Links in the kernel's own words: rtnetlink messages as a subscriber would get them. */
#ifndef REACH_KERNEL_H
#define REACH_KERNEL_H

#include <stdbool.h>

#include "reach/subscription.h"

/* Knows the last message about each link. */
struct kernel;

int kernel_new(struct kernel **ret);
struct kernel *kernel_free(struct kernel *kernel);

/* Looks at a link: an RTM_NEWLINK, a reference of the caller's. -ENODEV: there is none. */
int kernel_look(struct kernel *kernel, int ifindex, struct message **ret);

/* Looks at all links, so that their removal can be told. */
int kernel_look_at_all(struct kernel *kernel);

/* Forgets a link: an RTM_DELLINK, a reference of the caller's; NULL if it wasn't known. */
struct message *kernel_remove(struct kernel *kernel, int ifindex);

/* Does so with all for which is_gone() is true; the message, which is NULL for lack of
 * memory, belongs to removed(). */
void kernel_remove_those(struct kernel *kernel, bool (*is_gone)(void *user, int ifindex),
                         void (*removed)(void *user, struct message *message), void *user);

#endif
