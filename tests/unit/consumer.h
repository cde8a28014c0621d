/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table, a history and a stream on them; and a consumer that applies each message, and checks
 * that none is missing. */
#ifndef LINKWATCH_TESTS_UNIT_CONSUMER_H
#define LINKWATCH_TESTS_UNIT_CONSUMER_H

#include "tests/unit/support.h"

#include <jansson.h>

#include "daemon/stream.h"

#define INSTANCE "0123456789abcdef0123456789abcdef"
/* The age of events when they are emitted, in microseconds. */
#define WORLD_DELAY 5000

struct world {
    struct table *table;
    struct history *history;
    struct stream_origin origin;
    struct standing_report source;
    const struct standing_report *reports[SUBJECT_COUNT];
};

void world_start(struct world *world, size_t history_bytes);
void world_stop(struct world *world);

/* A notification of that link, whose reference is taken. */
void world_notify(struct world *world, struct link *link);

/* A stream with that filter, JSON text or NULL. */
struct stream *world_stream(struct world *world, const char *filter);

/* One message as the consumer reads it. */
struct reply {
    char type[16];
    uint64_t sequence;
    int ifindex;   /* 0 without a link */
    char name[16]; /* of the link */
    int64_t lost;  /* -1 without */
    bool more_follows;
};

/* The next message of the stream; false if there is none. */
bool stream_read(struct stream *stream, struct reply *ret);

struct consumer {
    json_t *links; /* of links by index, as text */
    bool ready;
    bool all; /* it has no filter, so that no number may be left out */
    uint64_t sequence;
    uint64_t lost;
    unsigned snapshots, readies, losses, events;
};

/* Applies one message. */
void consumer_apply(struct consumer *consumer, const char *message);

/* Reads up to so many times, and applies what is given; how many times there was something. */
unsigned consumer_read(struct consumer *consumer, struct stream *stream, unsigned most);

/* Fails unless the links are those of the table, of those that pass the filter
 * (NULL: for all). */
void consumer_check(const struct consumer *consumer, const struct world *world, const char *filter);

#endif
