/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The replies of io.systemd.Metrics, as complete Varlink messages in sequence. Pure. */
#ifndef LINKWATCH_DAEMON_METRIC_REPLIES_H
#define LINKWATCH_DAEMON_METRIC_REPLIES_H

#include <jansson.h>

#include "daemon/buffer.h"
#include "daemon/slice.h"
#include "daemon/table.h"
#include "protocol/metrics.h"

/* A group of links with the same labels, which one of them represents; NULL for the links of all
 * groups for which there is no room. */
struct metric_group {
    struct link *link;
    uint64_t count;
};

/* Initialized with zeros. */
struct metric_groups {
    struct metric_group
        groups[METRICS_GROUPS_MAX + 1]; /* the last one is for the links without a group */
    size_t count;
    int passed; /* index of the last link counted */
};

/* Continues counting links; false if the slice was over before all were counted. The table may
 * change in between. */
bool metric_groups_count(struct metric_groups *groups, const struct table *table,
                         const struct slice *slice);
void metric_groups_clear(struct metric_groups *groups);

/* All metrics, one in each reply. status and statistics are the parameters of the replies to
 * GetStatus and GetStatistics. */
int metric_replies_list(const json_t *status, const json_t *statistics,
                        const struct metric_groups *groups, struct buffer **ret);

/* All metric families, one in each reply. */
int metric_replies_describe(struct buffer **ret);

#endif
