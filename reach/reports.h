/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The events of one network namespace from linkwatchd, converted to the updates that the kernel
 * would send to subscribers there. */
#ifndef REACH_REPORTS_H
#define REACH_REPORTS_H

#include "reach/subscription.h"

struct reports;

/* Milliseconds that reports_wait() takes at most; a snapshot arrives within a few. */
#define REPORTS_WAIT_MAX 2000

/* Two rtnetlink sockets of one network namespace. */
struct reports_sockets {
    int handed; /* passed to linkwatchd, which reads it */
    int asking; /* for our queries */
};

/* For the namespace of these sockets, which it closes, also if it fails; NULL: our own namespace.
 */
int reports_new(const char *path, const struct reports_sockets *sockets, struct reports **ret);
struct reports *reports_free(struct reports *reports);

/* Those that get their updates: none at first, and in the end. */
struct subscribers *reports_subscribers(struct reports *reports);

/* Like the functions of liblinkwatch's mirror. */
int reports_fd(const struct reports *reports);
short reports_events(const struct reports *reports);
int reports_timeout(const struct reports *reports);
void reports_process(struct reports *reports);

/* Waits until the first snapshot is complete, unless the daemon cannot be reached. */
void reports_wait(struct reports *reports);

/* A program is about to subscribe to those groups: it is taken to know the links and addresses that
 * exist now. The first subscription to addresses waits as reports_wait() does. */
void reports_expect(struct reports *reports, uint32_t groups);

#endif
