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
    unsigned asked; /* number of times that it was sent */
    int64_t asked_at;
};

/* Sets the link to query; 0 for none. */
void query_set(struct query *query, int ifindex);

/* It was sent; a reply arrived. */
void query_asked(struct query *query, int64_t now);
void query_answered(struct query *query);

/* Whether it is to be sent now, or has been sent often enough. drained_at is when the queue was
 * last seen empty: a reply that is still queued arrived in time. */
bool query_is_due(const struct query *query, int64_t drained_at);
bool query_is_hopeless(const struct query *query, int64_t drained_at);

/* When one of these will become true; INT64_MAX for never. */
int64_t query_next(const struct query *query);

#endif
