/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What io.systemd.Metrics answers: whole Varlink messages, one behind the other. Pure. */
#ifndef LINKWATCH_DAEMON_METRIC_REPLIES_H
#define LINKWATCH_DAEMON_METRIC_REPLIES_H

#include <jansson.h>

#include "daemon/buffer.h"
#include "daemon/table.h"

/* All metrics, one in each reply. status and statistics are the parameters of the replies to
 * GetStatus and GetStatistics, whose references are taken (also on failure; NULL counts as
 * -ENOMEM). table: the links; NULL if they are not known. */
int metric_replies_list(json_t *status, json_t *statistics, const struct table *table,
                        struct buffer **ret);

/* All families, likewise. */
int metric_replies_describe(struct buffer **ret);

#endif
