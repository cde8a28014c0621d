/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes whose threads stop at each of their calls for a while: those that made an rtnetlink
 * socket, where an outer filter answers subscriptions before the tracer sees them. Any of their
 * threads may be the one that subscribes. */
#ifndef REACH_TRACING_WATCH_H
#define REACH_TRACING_WATCH_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

struct watches;

struct watches *watches_new(void);
struct watches *watches_free(struct watches *list);

/* The process of that thread, which stands still, made that socket and is watched from now on; its
 * other threads are interrupted. Without memory it isn't. */
void watches_add(struct watches *list, pid_t tid, int fd);
/* It sends on that socket: when it has done so on each that it made, it is watched for a few more
 * calls only. */
void watches_sends(struct watches *list, pid_t tid, int fd);
/* It closes that socket: without one that it made it isn't watched any more. */
void watches_closes(struct watches *list, pid_t tid, int fd);
/* It copies one of its descriptors: a socket that it closes may live on. */
void watches_copies(struct watches *list, pid_t tid);
/* A new thread is in that process, which is the parent or was made by it. */
void watches_inherit(struct watches *list, pid_t parent, pid_t child, pid_t thread);
bool watches_is_empty(const struct watches *list);
bool watches_has(const struct watches *list, pid_t tid);

/* It made a call. After many of them its process isn't watched any more. */
void watches_count(struct watches *list, pid_t tid);

/* It stopped for another reason. Any stop of a thread takes an interruption that is under way from
 * it, but not what that did to its call. */
void watches_interrupt_again(const struct watches *list, pid_t tid);
/* It was interrupted: what it was about goes on as if nothing had been. */
void watches_mend(struct watches *list, pid_t tid);

/* The thread is gone, or another program's. */
void watches_remove(struct watches *list, pid_t tid);

#endif
