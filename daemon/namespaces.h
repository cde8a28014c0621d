/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One network namespace: the source of its links, the history of their changes, and what its
 * consumers read. */
#ifndef LINKWATCH_DAEMON_NAMESPACES_H
#define LINKWATCH_DAEMON_NAMESPACES_H

#include "daemon/source.h"
#include "daemon/stream.h"
#include "daemon/waitlist.h"

struct ev_loop;
struct log;
struct namespace;

/* What happened to the carriers of its links, since the start. */
struct namespace_counters {
    uint64_t carrier_changes; /* with those that only the kernel's counters show, */
    uint64_t flaps;           /* which are these */
};

struct namespace_handlers {
    /* The first complete dump was taken, or failed: there is something to serve. Once. */
    void (*settled)(void *user);
    /* The standing, its reason or staleness changed. */
    void (*reported)(void *user);
    /* The last consumer left. */
    void (*abandoned)(void *user);
};

/* A namespace whose history has at most so many bytes, that uses these resources: that of the
 * socket, which it takes (not on failure), or the daemon's own for -1. What happens there is
 * written to the log, if there is one. It starts with the next iteration of the loop. Handlers may
 * be NULL. NULL without memory. */
struct namespace *namespace_new(struct ev_loop *loop, struct log *log,
                                const struct source_config *config,
                                const struct source_resources *resources, int socket,
                                size_t history_bytes, const struct namespace_handlers *handlers,
                                void *user);
struct namespace *namespace_free(struct namespace *namespace);

/* Who waits for the next event, and for the end of the next dump. */
struct waitlist *namespace_news(struct namespace *namespace);
struct waitlist *namespace_dumps(struct namespace *namespace);

/* Another bound of its history, from now on. */
void namespace_set_history_bytes(struct namespace *namespace, size_t bytes);

/* How many consumers there are now: one more, or one less. */
void namespace_count(struct namespace *namespace, int change);

const struct subjects *namespace_subjects(const struct namespace *namespace);
struct source *namespace_source(const struct namespace *namespace);
const struct history *namespace_history(const struct namespace *namespace);
const struct namespace_counters *namespace_counters(const struct namespace *namespace);

/* What its streams read. */
struct stream_origin *namespace_streams(struct namespace *namespace);

#endif
