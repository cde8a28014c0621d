/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program receives on a socket that we serve: at the exit of the call, what
 * the doorbell stands for takes its place. */
#ifndef REACH_TRACING_RECEIVE_H
#define REACH_TRACING_RECEIVE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

#include "reach/subscription.h"
#include "reach/tracing/injection.h"

/* The calls that threads stand in. */
struct receives;

struct receives *receives_new(void);
struct receives *receives_free(struct receives *list);

/* The thread stands at the entry of a call that may receive. Whether it does so on a
 * subscription: then it is to be resumed so that it stops at the exit. */
bool receives_begin(struct receives *list, struct subscriptions *subscriptions, pid_t tid,
                    const struct user_regs_struct *registers, const struct quirks *quirks);

/* The thread, which is in such a call, stopped at its entry or at its exit. After that it
 * is forgotten. */
void receives_step(struct receives *list, struct subscriptions *subscriptions, pid_t tid);

bool receives_has(const struct receives *list, pid_t tid);

/* gVisor lets a thread sleep on that got a signal while it was stopped at the entry: those
 * that are in a call for long are woken, ever more seldom, to go on with it unless there is
 * a signal. In how many milliseconds the next one is due; -1 for never. */
int receives_timeout(const struct receives *list);
void receives_wake(struct receives *list);

/* The thread is gone. */
void receives_forget(struct receives *list, pid_t tid);

#endif
