/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Complete Varlink messages, including the terminating NUL. All functions return 0 or -ENOMEM.
 * Pure. */
#ifndef LINKWATCH_DAEMON_MESSAGE_H
#define LINKWATCH_DAEMON_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/event.h"
#include "daemon/report.h"
#include "daemon/writer.h"

/* A reply with these parameters, an object whose reference is taken (also on failure;
 * NULL counts as -ENOMEM, so that calls nest). */
int message_reply(json_t *parameters, bool continues, struct buffer **ret);

/* An error reply. parameters as above; it may be an empty object. */
int message_error(const char *error, json_t *parameters, struct buffer **ret);

/* A reply of Monitor with an event of the history. */
int message_event(const char *instance, const struct event *event, struct buffer **ret);

/* What replies of Monitor with an object of that subject as it is at that position begin with, all
 * of them. */
void message_begin_snapshot(struct writer *head, const char *instance, uint64_t sequence,
                            enum subject_number subject);

/* Adds one that begins so, and has that text. */
void message_put_snapshot(struct writer *writer, const struct writer *head,
                          const struct buffer *text);

/* The bytes that this adds. */
size_t message_snapshot_size(const struct writer *head, const struct buffer *text);

/* Replies of Monitor that are made for one consumer: of type ready, or source, with the reports of
 * those subjects as the sources; and of type lost, with how many events were lost, -1 if that is
 * unknown. */
int message_sources_now(const char *instance, enum event_type type, uint64_t sequence,
                        const struct standing_report *const reports[], unsigned subjects,
                        struct buffer **ret);
int message_lost(const char *instance, uint64_t sequence, int64_t lost, struct buffer **ret);

/* The text of the type Link, or Address as it is at that moment of CLOCK_MONOTONIC, without a NUL:
 * a new reference. That of a link is the same for each consumer, and kept with it where there is
 * room for it. NULL without memory. */
struct buffer *message_object_text(struct object *object, int64_t now);

/* The text of the type Source. NULL without memory. */
struct buffer *message_source_text(const struct standing_report *report);

/* The pieces of the replies to a List: each is the head of its subject, the text of an object, and
 * more; the last one has last instead of more; if there is nothing at all, it is none alone. The
 * caller has a reference to each. The position's reference is taken, as the parameters of
 * message_reply(), and has the reports of those subjects as the sources beside it. */
struct message_list {
    struct buffer *heads[SUBJECT_COUNT];
    struct buffer *more;
    struct buffer *last;
    struct buffer *none;
};
int message_list_new(const char *instance, uint64_t sequence,
                     const struct standing_report *const reports[], unsigned subjects,
                     struct message_list *ret);

/* Drops the references; takes NULL. */
void message_list_clear(struct message_list *list);

/* The parameters of DumpFailed and NeverDumped: why, in words, and a (positive) errno; a new
 * reference, NULL without memory. */
json_t *message_failure(const char *reason, int error);

/* The type Source as JSON; a new reference, NULL without memory. */
json_t *message_source(const struct standing_report *report);

/* The type Position as JSON; a new reference, NULL without memory. */
json_t *message_position(const char *instance, uint64_t sequence);

#endif
