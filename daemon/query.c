/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/query.h"

/* An answer takes less than a millisecond. The time until a query is repeated doubles, and so
 * often it is sent in all. */
#define ANSWER_TIMEOUT INT64_C(100000)
#define ASKED_MAX      4

void query_set(struct query *query, int ifindex)
{
    if (query->ifindex != ifindex)
        query->asked = 0;
    query->ifindex = ifindex;
}

void query_asked(struct query *query, int64_t now)
{
    query->asked++;
    query->asked_at = now;
}

void query_answered(struct query *query)
{
    *query = (struct query){0};
}

int64_t query_next(const struct query *query)
{
    if (!query->ifindex)
        return INT64_MAX;
    if (!query->asked)
        return INT64_MIN;
    return query->asked_at + (ANSWER_TIMEOUT << (query->asked - 1));
}

bool query_is_due(const struct query *query, int64_t drained_at)
{
    return query->asked < ASKED_MAX && drained_at >= query_next(query);
}

bool query_is_hopeless(const struct query *query, int64_t drained_at)
{
    return query->asked >= ASKED_MAX && drained_at >= query_next(query);
}
