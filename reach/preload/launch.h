/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts a program with the preloaded library, and the helper beside it. */
#ifndef REACH_PRELOAD_LAUNCH_H
#define REACH_PRELOAD_LAUNCH_H

/* Starts the helper, and prepares this process's environment for what it executes next.
 * -errno: nothing happened. */
int launch_preload(const char *path);

/* Where the library is. */
const char *launch_library(void);

#endif
