/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creates a process beside the program, in its own session. It is a child of the program's process,
 * but the program's wait(2) does not return it. */
#ifndef REACH_DETACH_H
#define REACH_DETACH_H

#include <sys/types.h>

/* Starts such a process, which holds none of the program's files open but standard error. There,
 * begin(program's process, user) is called, whose result is returned here, then run(user) unless
 * that is -errno; it ends with them, and what they made with it. -errno also if it can't be
 * started. */
int detach(int (*begin)(pid_t program, void *user), int (*run)(void *user), void *user);

/* Closes the program's standard error after the program has ended. */
void detached_leave_errors(void);

#endif
