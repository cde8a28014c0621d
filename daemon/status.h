/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of the daemon: the replies to GetStatus and GetStatistics. */
#ifndef LINKWATCH_DAEMON_STATUS_H
#define LINKWATCH_DAEMON_STATUS_H

#include <jansson.h>

#include "daemon/config.h"
#include "daemon/entered.h"
#include "daemon/namespaces.h"
#include "daemon/users.h"

/* The parameters of the replies, as a new reference; NULL if out of memory. started_usec is the
 * start of the daemon, CLOCK_MONOTONIC. */
json_t *status_describe(struct namespace *namespace, int64_t started_usec);
json_t *status_statistics(struct namespace *namespace, const struct entered *entered,
                          const struct users *users, const struct config *config);

#endif
