/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which event a command is run for next.
 *
 * The events of one link are handled one after the other, those of several links at the same time,
 * in the order in which the first event of each came. While an
 * event of a link is handled, later ones of it wait, and become one: the link's latest state, with
 * the number of events that it stands for. If a link was removed, and another one has its index
 * now, two wait, never more. What was lost is handled like the event of one more link. So no more
 * is held than three states of each link, however fast they change.
 *
 * Pure. */
#ifndef LINKWATCH_CLIENT_CTL_HOOK_QUEUE_H
#define LINKWATCH_CLIENT_CTL_HOOK_QUEUE_H

#include <stdbool.h>

#include "client/ctl/hook_event.h"

struct hook_queue;

/* NULL without memory. */
struct hook_queue *hook_queue_new(void);
struct hook_queue *hook_queue_free(struct hook_queue *queue);

/* Adds an event, and takes its references. -ENOMEM: then they are dropped. */
int hook_queue_add(struct hook_queue *queue, struct hook_event *event);

/* The next event to be handled, the caller's from now on; hook_queue_done() ends that. False if
 * each link with events has one that is handled. */
bool hook_queue_next(struct hook_queue *queue, struct hook_event *ret);
void hook_queue_done(struct hook_queue *queue, int ifindex);

/* Whether nothing waits and nothing is handled. */
bool hook_queue_is_idle(const struct hook_queue *queue);

#endif
