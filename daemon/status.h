/* How the daemon does: the answer to GetStatus. */
#ifndef LINKWATCH_DAEMON_STATUS_H
#define LINKWATCH_DAEMON_STATUS_H

#include <jansson.h>

#include "daemon/server.h"
#include "daemon/source.h"
#include "daemon/stream.h"

/* Whom to ask. */
struct status_origin {
    const struct stream_origin *streams;
    const struct source *source;
    const struct server *server;
    int64_t started_usec; /* of CLOCK_MONOTONIC */
};

/* The parameters of GetStatus' reply; a new reference, NULL without memory. */
json_t *status_describe(const struct status_origin *origin);

#endif
