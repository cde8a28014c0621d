/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that have what they inherit from who made them. A new thread stops, as does its maker, in
 * any order; whoever of the two comes second may be late, and its process something else by then.
 */
#ifndef REACH_TRACING_HEIRS_H
#define REACH_TRACING_HEIRS_H

#include <stdbool.h>
#include <sys/types.h>

struct heirs;

struct heirs *heirs_new(void);
struct heirs *heirs_free(struct heirs *heirs);

/* False if it was added before. Without memory it is not added. */
bool heirs_add(struct heirs *heirs, pid_t tid);
/* The thread is gone. */
void heirs_remove(struct heirs *heirs, pid_t tid);

#endif
