/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs changes of links and of the standing. */
#ifndef LINKWATCH_DAEMON_EVENTLOG_H
#define LINKWATCH_DAEMON_EVENTLOG_H

#include <stdbool.h>

#include "daemon/log.h"
#include "daemon/standing.h"
#include "daemon/table.h"

/* The position of an event in the history, which identifies it in the log. */
struct eventlog_position {
    const char *instance;
    uint64_t sequence;
};

/* Logs the change of a link. first_dump: the link existed when the daemon started, and did not
 * change. */
void eventlog_change(struct log *log, const struct change *change,
                     struct eventlog_position position, bool first_dump);

/* Logs a change of the standing, its reason, or staleness. serving: consumers are admitted, so that
 * the previous state is relevant. */
void eventlog_report(struct log *log, const struct standing_report *before,
                     const struct standing_report *after, bool serving);

/* Logs that consumers are admitted, with the socket and the number of known links. */
void eventlog_start(struct log *log, const struct standing_report *report,
                    struct eventlog_position position, size_t links, const char *socket);

#endif
