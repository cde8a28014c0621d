/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the program's calls something is done about. */
#ifndef REACH_TRACING_DISPATCH_H
#define REACH_TRACING_DISPATCH_H

#include "reach/tracing/service.h"

/* The thread has stopped at the entry of a call; with enters, another stop at that entry follows.
 * Returns whether an operation began: then the thread must be resumed so that it stops at entries
 * and exits until that is over. */
bool dispatch_begin(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                    bool enters);
/* Whether the thread is in an operation. */
bool dispatch_has(const struct service *service, pid_t tid);
/* Such a thread stopped at an entry or an exit. */
void dispatch_step(struct service *service, pid_t tid);
/* The thread is gone. */
void dispatch_forget(struct service *service, pid_t tid);
void dispatch_free_operations(struct service *service);

#endif
