/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network namespaces that monitor follows, and what it printed of them. */
#ifndef LINKWATCH_CLIENT_CTL_MONITORED_H
#define LINKWATCH_CLIENT_CTL_MONITORED_H

#include <stdbool.h>
#include <stdint.h>

#include "client/ctl/ctl.h"
#include "client/ctl/netns_dirs.h"
#include "client/ctl/output.h"
#include "client/linkwatch.h"

struct monitor;

/* One network namespace. */
struct watched {
    struct monitor *monitor;
    struct netns_name name; /* owned; no path: the daemon's own, or that of --netns */
    char *label;            /* with --all-netns: see netns_label.h */
    char *members;
    struct linkwatch_mirror *mirror; /* NULL if the namespace can't be watched */
    bool error_reported;             /* that it can't */
    bool retry;                      /* it may be possible later */

    bool was_connected; /* at least once */
    bool settled;       /* the first list need not wait for this one any longer */
    bool known;         /* its links were shown */
    char *ready;        /* the message, until what differs was printed; for JSON */
    bool broken;        /* there is no connection */
    bool reported;      /* and that was reported; */
    char *why;          /* else it will be, with this reason */
    int64_t report_at;
};

/* All of them, and what they share. */
struct monitor {
    const struct ctl *ctl;
    struct output output;
    struct linkwatch_filter *filter;
    struct watched **items; /* the daemon's own, then those that have a name, in order */
    size_t count;
    int day;      /* of the last line, as lines_today() has it */
    bool started; /* the first list was shown */
    bool finished;
    int code;
};

#endif
