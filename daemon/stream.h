/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The replies of Monitor for one consumer: a cursor in the history, and a snapshot of the tables if
 * the history does not reach back far enough. Uses constant memory, however far the consumer is
 * behind. Pure. */
#ifndef LINKWATCH_DAEMON_STREAM_H
#define LINKWATCH_DAEMON_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/delays.h"
#include "daemon/event.h"
#include "daemon/filter.h"
#include "daemon/history.h"
#include "daemon/table.h"

/* What all streams read. */
struct stream_origin {
    struct history *history;
    const struct table *table;
    /* NULL until they are reported, which they are while a stream is about them; of that number on,
     * all events about them are in the history. */
    const struct address_table *addresses;
    uint64_t addresses_from;
    const struct standing_report *const *reports; /* by subject */
    int64_t (*clock)(void);                       /* CLOCK_MONOTONIC in microseconds */
    size_t piece_bytes;                           /* of a snapshot that are given at once, about */
    uint64_t events_lost;                         /* summed up over all streams */
    /* Of all streams: how old the oldest event was of those that were emitted together. */
    struct delays delays;
};

/* A good size for writing. */
#define STREAM_PIECE_BYTES ((size_t)16 * 1024)

struct stream;

/* A stream of the filter's subjects, which must be followed for as long as it is there. It starts
 * with a snapshot; before the first complete dump, with the source, and the snapshot follows that
 * dump. It takes the filter; the origin must outlive it. NULL without memory: then the filter is
 * still the caller's. */
struct stream *stream_new(struct stream_origin *origin, struct filter *filter);
struct stream *stream_free(struct stream *stream);

/* Starts after that position of that instance instead, or with "lost" and a snapshot
 * where the history does not reach back so far. -ERANGE if it has not happened yet. */
int stream_resume(struct stream *stream, const char *instance, int64_t sequence);

/* Starts with the oldest event that is held instead, without a snapshot: after "lost", if there
 * were others before it. */
void stream_replay(struct stream *stream);

/* The next messages in one buffer: several objects of a snapshot, and several events for a consumer
 * that wants everything. 1 with a reference to it, 0 if there are none at present; -EAGAIN if the
 * slice was over before the next one was found; -ENOMEM. */
int stream_next(struct stream *stream, const struct slice *slice, struct buffer **ret);

#endif
