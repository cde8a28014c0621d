/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows one network namespace for monitor: its mirror, and whether that has a connection. */
#ifndef LINKWATCH_CLIENT_CTL_WATCHED_H
#define LINKWATCH_CLIENT_CTL_WATCHED_H

#include "client/ctl/monitored.h"

/* Takes over a name, or NULL. Later errors are printed, and leave it without a mirror.
 * -ENOMEM. */
int watched_new(struct monitor *monitor, struct netns_name *name, struct watched **ret);
struct watched *watched_free(struct watched *watched);

/* Begins, once the monitor has it among its items; also again, if retry is set. */
void watched_start(struct watched *watched);

/* Reports that it is over, before it is freed. */
void watched_end(struct watched *watched);

/* Reports what was put off until now, in microseconds of CLOCK_MONOTONIC. Returns when to call it
 * again at the earliest, INT64_MAX for never. */
int64_t watched_tick(struct watched *watched, int64_t now);

/* Shows the first list, once nothing that was there at the beginning keeps it waiting. */
void monitor_settle(struct monitor *monitor);

#endif
