/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One event of the history, and what it may be about. Plain values. */
#ifndef LINKWATCH_DAEMON_EVENT_H
#define LINKWATCH_DAEMON_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/buffer.h"
#include "daemon/table.h"

/* The wire's EventType; those before EVENT_SOURCE are made for one consumer and are
 * not in the history. */
enum event_type {
    EVENT_SNAPSHOT,
    EVENT_READY,
    EVENT_LOST,
    EVENT_SOURCE,
    EVENT_ADD,
    EVENT_REMOVE,
    EVENT_CHANGE,
    EVENT_TYPE_COUNT
};

struct event {
    enum event_type type;
    enum change_source learned;
    uint64_t sequence;
    int64_t realtime_usec;
    int64_t monotonic_usec;
    /* References; both NULL for EVENT_SOURCE. */
    struct link *before;
    struct link *after;
    link_fields fields; /* for EVENT_CHANGE */
    uint32_t flaps;
    bool more_follows; /* the next event belongs to this one */
    struct link_destination moved_to;
    /* The encoding, made when the first consumer asks for it (for EVENT_SOURCE, with
     * the event). */
    struct buffer *message;
};

/* The wire's type Source. */
struct source_state {
    const char *standing;
    const char *reason;
    int error; /* errno, positive, or 0 */
    bool stale;
    int64_t last_dump_usec; /* since 1970, -1 for none */
};

#endif
