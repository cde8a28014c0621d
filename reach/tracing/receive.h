/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls with which the program receives on a served socket: at the exit of the call, an update
 * replaces the doorbell. */
#ifndef REACH_TRACING_RECEIVE_H
#define REACH_TRACING_RECEIVE_H

#include <stdbool.h>
#include <sys/user.h>

#include "reach/tracing/service.h"

/* Whether the call is one that receives. */
bool receive_is_by(const struct user_regs_struct *registers);

/* The thread has stopped at the entry of such a call. If its socket is served, thread->receive is
 * set: then the thread must be resumed so that it stops at the exit. */
void receive_begin(struct service *service, struct thread *thread,
                   const struct user_regs_struct *registers);

/* A thread in such a call stopped at its entry, or at its exit, which ends it. */
void receive_step(struct service *service, struct thread *thread);

/* In gVisor, a signal that arrives while a thread is stopped at the entry does not end the call. So
 * threads that are in a call for long are interrupted, with growing delays, and continue with it if
 * there is no signal. Milliseconds until the next one is due; -1 for never. */
int receive_timeout(const struct service *service);
void receive_wake(struct service *service);

/* The thread is gone. */
void receive_forget(struct service *service, struct thread *thread);

#endif
