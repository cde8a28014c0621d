/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What subscribers were told of: the last update of each link, by index and by name. */
#ifndef REACH_TOLD_H
#define REACH_TOLD_H

#include <stdbool.h>

#include "reach/update.h"

struct told;

struct told *told_new(void);
struct told *told_free(struct told *told);

/* NULL if the link is not known. */
const struct update *told_find(const struct told *told, int ifindex);
/* Takes a reference. On failure (-ENOMEM) the link is not known. */
int told_set(struct told *told, struct update *update);
void told_forget(struct told *told, int ifindex);
void told_forget_all(struct told *told);

/* Another link that bears this name or alternative name; 0 for none. */
int told_bearer(const struct told *told, const char *name, int ifindex);
/* A link whose master this is and that is none of those; 0 for none. */
int told_port(const struct told *told, int master, const int *except, size_t count);
/* A link for which the function is true; 0 for none. */
int told_choose(const struct told *told, bool (*is_chosen)(void *user, int ifindex), void *user);

#endif
