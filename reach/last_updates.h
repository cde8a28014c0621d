/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last update of each link that was sent to subscribers, by index and by name. */
#ifndef REACH_LAST_UPDATES_H
#define REACH_LAST_UPDATES_H

#include <stdbool.h>

#include "reach/link_update.h"

struct last_updates;

struct last_updates *last_updates_new(void);
struct last_updates *last_updates_free(struct last_updates *last);

/* NULL if the link is not known. */
const struct update *last_updates_find(const struct last_updates *last, int ifindex);
/* Takes a reference. On failure (-ENOMEM) the link is not known. */
int last_updates_set(struct last_updates *last, struct update *update);
void last_updates_remove(struct last_updates *last, int ifindex);
void last_updates_remove_all(struct last_updates *last);

/* Another link that has this name or alternative name; 0 for none. */
int last_updates_find_name(const struct last_updates *last, const char *name, int ifindex);
/* A link whose master this is and that is none of those; 0 for none. */
int last_updates_find_port(const struct last_updates *last, int master, const int *except,
                           size_t count);
/* A link for which the function is true; 0 for none. */
int last_updates_choose(const struct last_updates *last, bool (*is_chosen)(void *user, int ifindex),
                        void *user);

#endif
