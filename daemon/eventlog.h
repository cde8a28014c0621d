/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs changes of links and of the standing. */
#ifndef LINKWATCH_DAEMON_EVENTLOG_H
#define LINKWATCH_DAEMON_EVENTLOG_H

#include <stdbool.h>

#include "daemon/log.h"
#include "daemon/standing.h"
#include "daemon/table.h"

/* Where an event is in the history, so that who reads both knows it again. */
struct eventlog_position {
    const char *instance;
    uint64_t sequence;
};

/* A link changed. first_dump: it was there when the daemon started, which is no change. */
void eventlog_change(struct log *log, const struct change *change,
                     struct eventlog_position position, bool first_dump);

/* The standing, its reason or staleness changed. serving: consumers are let in, so that
 * what was known before is of interest. */
void eventlog_report(struct log *log, const struct standing_report *before,
                     const struct standing_report *after, bool serving);

/* Consumers are let in, at that socket, and so many links are known. */
void eventlog_start(struct log *log, const struct standing_report *report,
                    struct eventlog_position position, size_t links, const char *socket);

#endif
