/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process beside the program: of another session, and a child that the program's wait(2)
 * doesn't find, while the program keeps this process. */
#ifndef REACH_DETACH_H
#define REACH_DETACH_H

#include <sys/types.h>

/* What it does there, to its end: it must say its word when it is ready, or why it can't
 * be. Its result is whether it ended well: 0 or -errno. */
typedef int detached_life(void *user, pid_t program, int channel);

/* Starts it and waits for its word: 0, or -errno after which it ends. Of the program's files
 * it holds standard error alone. */
int detach(detached_life *life, void *user);

/* Its word, with which the channel is closed. -EPIPE: nobody waits for it any more. */
int detached_say(int channel, int word);

/* Nobody reads our standard error as ours when the program is gone. */
void detached_leave_errors(void);

#endif
