/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbered events, bounded in bytes and shared by all consumers. The cursor of a consumer is a
 * sequence number. Pure. */
#ifndef LINKWATCH_DAEMON_HISTORY_H
#define LINKWATCH_DAEMON_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/event.h"
#include "daemon/report.h"
#include "daemon/slice.h"

struct history;

/* An empty history of at most so many bytes, of an instance of the daemon (32
 * hexadecimal digits). NULL without memory. */
struct history *history_new(const char *instance, size_t bytes_max);
struct history *history_free(struct history *history);

/* Another bound, from now on. */
void history_set_bytes_max(struct history *history, size_t bytes_max);

const char *history_instance(const struct history *history);

/* Adds an event, and forgets the oldest ones where the bound asks for it. -ENOMEM:
 * then everything is forgotten, so that each consumer learns that it lost something
 * and gets a fresh snapshot. */
int history_add_change(struct history *history, const struct change *change, int64_t realtime_usec,
                       int64_t monotonic_usec);
int history_add_source(struct history *history, enum subject_number subject,
                       const struct standing_report *report, int64_t realtime_usec,
                       int64_t monotonic_usec);

/* The event of that number, NULL if it is not held. Valid until the history
 * changes. */
const struct event *history_get(const struct history *history, uint64_t sequence);

/* Whether a consumer that had all up to that event can go on after it: what follows is held,
 * and the event is not one of several that belong together, unless it is the last. */
bool history_can_resume(const struct history *history, uint64_t sequence);

/* The event's encoding: a whole Varlink message with its NUL. A new reference, or NULL
 * if the event is not held, or without memory. Counts in the bytes from then on, so
 * that older events may be forgotten. */
struct buffer *history_message(struct history *history, uint64_t sequence);

/* The encodings of that event and of those after it in one piece, up to the newest or as
 * many as make a good size for writing, without those about other subjects than these, for which
 * the slice is asked; *ret_last is the number of the last one. Kept for the others who want the
 * same: mostly all consumers stand at one place. Returns 1 and a new reference in *ret; 0 and NULL
 * if those up to *ret_last are all about other subjects; -ENOMEM without memory, or if the event is
 * not held. */
int history_messages(struct history *history, uint64_t sequence, unsigned subjects,
                     const struct slice *slice, uint64_t *ret_last, struct buffer **ret);

/* Numbers: of the newest event, 0 for none; of the oldest that is held, one more than
 * the newest if none is. */
uint64_t history_newest(const struct history *history);
uint64_t history_oldest(const struct history *history);

struct history_size {
    size_t events;
    size_t bytes;
    size_t bytes_max;
};
struct history_size history_size(const struct history *history);

#endif
