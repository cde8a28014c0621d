/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process beside the program: of another session, and a child that the program's wait(2)
 * doesn't find, while the program keeps this process. */
#ifndef REACH_DETACH_H
#define REACH_DETACH_H

#include <sys/types.h>

/* What runs there. */
struct detached {
    int (*begin)(void *user, pid_t program); /* 0 when it is ready, or -errno */
    int (*run)(void *user);                  /* until there is nothing to do; 0 or -errno */
    void (*end)(void *user);                 /* also if it could not begin */
};

/* Starts it and waits until it has begun: the result of that, or -errno. Of the program's files it
 * holds standard error alone. */
int detach(const struct detached *functions, void *user);

/* Nobody reads our standard error as ours when the program is gone. */
void detached_leave_errors(void);

#endif
