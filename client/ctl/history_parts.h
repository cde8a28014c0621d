/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl history: what happened, from the journal and then from the daemon's own history; and
 * how often links went down. */
#ifndef LINKWATCH_CLIENT_CTL_HISTORY_PARTS_H
#define LINKWATCH_CLIENT_CTL_HISTORY_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "client/ctl/ctl.h"
#include "client/ctl/event_lines.h"
#include "client/ctl/flap_counts.h"

struct history {
    const struct ctl *ctl;
    struct output output;
    struct lines lines;
    int day; /* of the last line */
    struct flap_counts flaps;
    int64_t now;          /* microseconds since 1970, as all times here */
    int64_t last;         /* what happened before is not shown */
    int64_t known;        /* what happened since is counted; INT64_MAX until that is clear */
    int64_t daemon_start; /* INT64_MAX if unknown */
    bool has_journal;
    int code;
};

void history_out_of_memory(struct history *history);

/* What happened since then is counted, unless that is clear already. */
void history_know_since(struct history *history, int64_t time);

/* Counts how often the link of that name went down at that time. The name is as it is shown:
 * escaped, which is what the journal has. */
void history_count(struct history *history, const char *name, int64_t time, uint64_t downs);

/* Prints and counts what the journal has of the time before that number of the daemon's instance.
 */
void history_read_journal(struct history *history, const char *instance, int64_t first);

/* How often links went down. */
void history_print_flaps(struct history *history);

#endif
