/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The preloaded library's helper: a process beside the program that receives link events, holds
 * the subscriptions, and answers the library in all processes that have it. */
#ifndef REACH_PRELOAD_HELPER_H
#define REACH_PRELOAD_HELPER_H

#include <sys/types.h>

struct helper;

/* Serves that process, and all that come of it, at an abstract address. Its links come from
 * the daemon at that path. */
int helper_new(pid_t program, const char *address, const char *path, struct helper **ret);
struct helper *helper_free(struct helper *helper);

/* Returns when the last process has ended. */
int helper_run(struct helper *helper);

#endif
