/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls by which the program receives on a socket that is served: at the exit of the call, an
 * update replaces the doorbell. */
#ifndef REACH_TRACING_RECEIVE_H
#define REACH_TRACING_RECEIVE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

#include "reach/subscription.h"
#include "reach/tracing/injection.h"

/* The calls that threads are in. */
struct receives;

struct receives *receives_new(void);
struct receives *receives_free(struct receives *list);

/* The thread has stopped at the entry of a call that receives. Returns whether its socket is
 * served: then the thread must be resumed so that it stops at the exit. */
bool receives_begin(struct receives *list, struct subscriptions *subscriptions, pid_t tid,
                    const struct user_regs_struct *registers, const struct quirks *quirks);

/* A thread in such a call stopped at its entry or at its exit, after which the call is forgotten.
 */
void receives_step(struct receives *list, struct subscriptions *subscriptions, pid_t tid);

bool receives_has(const struct receives *list, pid_t tid);

/* In gVisor, a signal that arrives while a thread is stopped at the entry does not end the call. So
 * threads that are in a call for long are interrupted, with growing delays, and continue with it if
 * there is no signal. Milliseconds until the next one is due; -1 for never. */
int receives_timeout(const struct receives *list);
void receives_wake(struct receives *list);

/* The thread is gone. */
void receives_forget(struct receives *list, pid_t tid);

#endif
