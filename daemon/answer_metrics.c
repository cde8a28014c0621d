/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answer to io.systemd.Metrics.List. */
#include "daemon/answer.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/metric_replies.h"

struct counting {
    struct answer answer;
    const struct table *table; /* NULL if the links are not known */
    struct metric_groups groups;
    json_t *status; /* NULL when the replies were given */
    json_t *statistics;
};

static int metrics_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    struct counting *counting = (struct counting *)answer;
    int r;

    if (!counting->status)
        return ANSWER_END;
    if (counting->table && !metric_groups_count(&counting->groups, counting->table, slice))
        return -EAGAIN;
    r = metric_replies_list(counting->status, counting->statistics, &counting->groups, ret);
    json_decref(counting->status);
    counting->status = NULL;
    return r < 0 ? r : ANSWER_PIECE;
}

static void metrics_free(struct answer *answer)
{
    struct counting *counting = (struct counting *)answer;

    metric_groups_clear(&counting->groups);
    json_decref(counting->status);
    json_decref(counting->statistics);
    free(counting);
}

int answer_metrics(const struct namespace *namespace, json_t *status, json_t *statistics,
                   struct answer **ret)
{
    static const struct answer_kind kind = {.next = metrics_next, .free = metrics_free};
    const struct subjects *subjects = namespace_subjects(namespace);
    struct counting *counting =
        status && statistics ? answer_new(&kind, NULL, sizeof(*counting)) : NULL;

    if (!counting) {
        json_decref(status);
        json_decref(statistics);
        return -ENOMEM;
    }
    if (subjects->reports[SUBJECT_LINKS]->last_dump_usec >= 0)
        counting->table = subjects->links.table;
    counting->status = status;
    counting->statistics = statistics;
    *ret = &counting->answer;
    return 0;
}
