/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Selects the operation for a system call of the program. */
#ifndef REACH_TRACING_DISPATCH_H
#define REACH_TRACING_DISPATCH_H

#include "reach/tracing/service.h"

/* The thread has stopped at the entry of a call; with enters, another stop at that entry follows.
 * If an operation begins, it is in thread->operation: then the thread must be resumed so that it
 * stops at entries and exits until that is over. */
void dispatch_begin(struct service *service, struct thread *thread,
                    const struct user_regs_struct *registers, bool enters);
/* Such a thread stopped at an entry or an exit. */
void dispatch_step(struct service *service, struct thread *thread);
/* The thread is gone. */
void dispatch_forget(struct service *service, struct thread *thread);

#endif
