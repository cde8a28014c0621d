/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The times at which a link appeared, and last went up and down. Pure. */
#ifndef LINKWATCH_DAEMON_LINK_TIMES_H
#define LINKWATCH_DAEMON_LINK_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/table.h"

/* Sets the times of the link after a change, from the previous times and the current time, before
 * the change is reported. first_dump: no dump has completed yet, so that an added link existed
 * before. */
void link_times_follow(const struct change *change, int64_t now, bool first_dump);

#endif
