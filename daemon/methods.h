/* The interface's methods: what a request means, and its answer. */
#ifndef LINKWATCH_DAEMON_METHODS_H
#define LINKWATCH_DAEMON_METHODS_H

#include <stddef.h>

#include "daemon/session.h"
#include "daemon/status.h"

struct methods;

/* What the methods work on; it must outlive them. */
struct methods_origin {
    struct stream_origin *streams;
    struct source *source;
    const struct status_origin *status;
};

/* NULL without memory. */
struct methods *methods_new(const struct methods_origin *origin);
struct methods *methods_free(struct methods *methods);

/* A request of that session, and its end; as session_handlers say. */
int methods_request(struct methods *methods, struct session *session, const char *message,
                    size_t length);
void methods_closed(struct methods *methods, const struct session *session);

#endif
