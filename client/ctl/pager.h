/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pager that long output goes through. */
#ifndef LINKWATCH_CLIENT_CTL_PAGER_H
#define LINKWATCH_CLIENT_CTL_PAGER_H

#include <sys/types.h>

/* Starts $LINKWATCH_PAGER, $PAGER or less, the first that is set, and leads stdout into
 * it. Its process id; 0 if there is none or it can't run. */
pid_t pager_start(void);

/* Closes stdout and waits until the reader has had enough. */
void pager_finish(pid_t pager);

#endif
