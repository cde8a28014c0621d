/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One network namespace that monitor follows: a mirror, and whether it has a connection. */
#ifndef LINKWATCH_CLIENT_CTL_WATCHED_H
#define LINKWATCH_CLIENT_CTL_WATCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "client/ctl/ctl.h"
#include "client/ctl/netns_dirs.h"
#include "client/ctl/output.h"
#include "client/linkwatch.h"

struct monitor;

struct watched {
    struct monitor *monitor;
    struct netns_name name; /* owned; no path: the daemon's own, or that of --netns */
    char *label;            /* with --all-netns: see netns_label.h */
    char *members;
    struct linkwatch_mirror *mirror; /* NULL if the namespace can't be watched */
    bool error_reported;             /* that it can't */
    bool retry;                      /* it may be possible later */

    bool heard;    /* a daemon was there */
    bool settled;  /* the first list need not wait for this one any longer */
    bool known;    /* its links were shown */
    char *ready;   /* the message, until what differs was printed; for JSON */
    bool broken;   /* there is no connection */
    bool reported; /* and that was reported; */
    char *why;     /* else it will be, with this reason */
    int64_t report_at;
};

/* What all of them share. */
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
