/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process beside the program: in a session of its own, and a child that the program's wait(2)
 * does not find. The program keeps this process. */
#ifndef REACH_DETACH_H
#define REACH_DETACH_H

#include <sys/types.h>

struct detached {
    pid_t program; /* the process that called detach() */
    int channel;   /* to it */
};

/* Starts such a process, as fork() does. Returns 1 in the new process, which holds none of the
 * program's files open but standard error; it must call detached_begun() and detached_end().
 * Returns in the program what the new process passed to detached_begun(), or -errno. */
int detach(struct detached *ret);

/* Reports that the process has begun (0) or failed (-errno). Returns that result, or -EPIPE if the
 * program is gone. */
int detached_begun(const struct detached *detached, int result);

/* Ends the process, with the result of its work. */
_Noreturn void detached_end(int result);

/* Closes the program's standard error after the program has ended. */
void detached_leave_errors(void);

#endif
