/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that put themselves under a seccomp filter of their own. It may end them for any
 * call that they don't make by themselves, so none are injected into them. */
#ifndef REACH_TRACING_CONFINED_H
#define REACH_TRACING_CONFINED_H

#include <stdbool.h>
#include <sys/types.h>

struct confined;

struct confined *confined_new(void);
struct confined *confined_free(struct confined *list);

bool confined_is_empty(const struct confined *list);
/* Without memory it counts as confined like all others. */
void confined_add(struct confined *list, pid_t process);
/* Whether the thread is one of such a process. */
bool confined_has(const struct confined *list, pid_t tid);
/* The thread is gone, and the process with it if that was its first. */
void confined_forget(struct confined *list, pid_t tid);

#endif
