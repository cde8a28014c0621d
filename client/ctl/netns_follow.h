/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* monitor --all-netns: which network namespaces are watched follows from their names. */
#ifndef LINKWATCH_CLIENT_CTL_NETNS_FOLLOW_H
#define LINKWATCH_CLIENT_CTL_NETNS_FOLLOW_H

#include "client/ctl/watched.h"

struct netns_follow {
    struct netns_dirs dirs;
    struct netns_name own; /* the daemon's */
    bool error_reported;   /* that a directory can't be read */
    int64_t due;           /* when the names are read at the latest, of CLOCK_MONOTONIC */
};

/* Adds those that are there. */
void netns_follow_start(struct netns_follow *follow, struct monitor *monitor);
void netns_follow_clear(struct netns_follow *follow);

/* Adds and ends watched namespaces, after a poll. */
void netns_follow_process(struct netns_follow *follow, struct monitor *monitor,
                          const struct pollfd fds[NETNS_DIRS_FDS], int64_t now);

#endif
