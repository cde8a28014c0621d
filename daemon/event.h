/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One event of the history, and the object that it is about. Plain values. */
#ifndef LINKWATCH_DAEMON_EVENT_H
#define LINKWATCH_DAEMON_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/address_table.h"
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
    enum subject_number subject;
    enum change_source learned;
    uint64_t sequence;
    int64_t realtime_usec;
    int64_t monotonic_usec;
    /* References to what it is about; NULL where there is none. */
    struct object *before;
    struct object *after;
    uint64_t fields; /* for EVENT_CHANGE */
    uint32_t flaps;
    bool more_follows; /* the next event belongs to this one */
    struct link_destination moved_to;
    struct buffer *source;  /* for EVENT_SOURCE: the text of the type Source */
    struct buffer *message; /* the encoding, made when the first consumer asks for it */
    bool counts_link;       /* the link of the address before it is counted in it, too */
};

/* What an event is about, as it is after it, or was last; NULL for events of another kind. */
static inline struct object *event_object(const struct event *event)
{
    return event->after ? event->after : event->before;
}

/* Whether it is a change of an address of which nothing that is reported changed: its link has
 * other alternative names, or is of another kind. It matters where a filter lets the address pass
 * before or after it alone. */
static inline bool event_is_of_link_alone(const struct event *event)
{
    return event->type == EVENT_CHANGE && event->subject == SUBJECT_ADDRESSES && !event->fields;
}

#endif
