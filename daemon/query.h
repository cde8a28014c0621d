/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When to query the kernel for one link, and when to stop waiting for a reply. If its queue is
 * full, the kernel may drop a reply: the absence of a reply proves nothing, and the query is
 * repeated after a while. Pure; times are microseconds of one clock. */
#ifndef LINKWATCH_DAEMON_QUERY_H
#define LINKWATCH_DAEMON_QUERY_H

#include <stdbool.h>
#include <stdint.h>

struct query {
    int ifindex;    /* 0 for none */
    unsigned asked; /* how often it was sent */
    int64_t asked_at;
};

/* Which link is to be queried, 0 for none. */
void query_set(struct query *query, int ifindex);

/* It was sent, or there was an answer. */
void query_asked(struct query *query, int64_t now);
void query_answered(struct query *query);

/* Whether it is to be sent now; or was sent often enough. drained_at is when the queue was
 * seen empty last: an answer that is still queued came in time. */
bool query_is_due(const struct query *query, int64_t drained_at);
bool query_is_hopeless(const struct query *query, int64_t drained_at);

/* When one of them will be so, INT64_MAX for never. */
int64_t query_next(const struct query *query);

#endif
