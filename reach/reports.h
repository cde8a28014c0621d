/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What linkwatchd reports about one network namespace, turned into what the kernel would send to
 * those who subscribed there. */
#ifndef REACH_REPORTS_H
#define REACH_REPORTS_H

#include "reach/subscription.h"

struct reports;

/* Milliseconds that reports_wait() takes at most; a snapshot arrives within a few. */
#define REPORTS_WAIT_MAX 2000

/* Two sockets of rtnetlink in one network namespace. */
struct reports_sockets {
    int handed; /* what linkwatchd is to read there */
    int asking; /* what we ask the kernel by */
};

/* About the namespace of these sockets, which it takes, also if it fails; NULL for our own
 * namespace. */
int reports_new(const char *path, struct subscriptions *subscriptions,
                const struct reports_sockets *sockets, struct reports **ret);
struct reports *reports_free(struct reports *reports);

/* As the functions of liblinkwatch's mirror. */
int reports_fd(const struct reports *reports);
short reports_events(const struct reports *reports);
int reports_timeout(const struct reports *reports);
void reports_process(struct reports *reports);

/* Waits until the first snapshot is complete, unless the daemon cannot be reached. */
void reports_wait(struct reports *reports);

/* Somebody is about to subscribe to those groups: what is there now is what can be removed for
 * them. The first one who wants addresses waits as with reports_wait(). */
void reports_expect(struct reports *reports, uint32_t groups);

#endif
