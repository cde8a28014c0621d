/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The replies of io.systemd.Metrics, as complete Varlink messages in sequence. Pure. */
#ifndef LINKWATCH_DAEMON_METRIC_REPLIES_H
#define LINKWATCH_DAEMON_METRIC_REPLIES_H

#include <jansson.h>

#include "daemon/buffer.h"
#include "daemon/slice.h"
#include "daemon/table.h"
#include "protocol/metrics.h"

/* Links that are the same in what distinguishes groups; one of them shows what that is, NULL for
 * those of all groups for which there is no room. */
struct metric_group {
    struct link *link;
    uint64_t count;
};

/* All zero before. */
struct metric_groups {
    struct metric_group groups[METRICS_GROUPS_MAX + 1]; /* the last one is for those without room */
    size_t count;
    int passed; /* index of the last link that was counted */
};

/* Goes on counting links; false if the slice was over before all were counted, between which the
 * table may change. */
bool metric_groups_count(struct metric_groups *groups, const struct table *table,
                         const struct slice *slice);
void metric_groups_clear(struct metric_groups *groups);

/* All metrics, one in each reply. status and statistics are the parameters of the replies to
 * GetStatus and GetStatistics. */
int metric_replies_list(const json_t *status, const json_t *statistics,
                        const struct metric_groups *groups, struct buffer **ret);

/* All families, likewise. */
int metric_replies_describe(struct buffer **ret);

#endif
