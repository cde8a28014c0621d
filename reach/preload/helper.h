/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The helper of the preloaded library: a process beside the program that receives link events,
 * keeps the subscriptions, and answers the library in all processes that have loaded it. */
#ifndef REACH_PRELOAD_HELPER_H
#define REACH_PRELOAD_HELPER_H

/* Starts it, and has the library preloaded into what this process executes next. The path is of the
 * daemon's socket. -errno: nothing happened. */
int start_helper(const char *path);

/* Where the library is. */
const char *preload_library(void);

#endif
