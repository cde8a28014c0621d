/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/history.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/allocation.h"
#include "daemon/message.h"

#define FIRST_CAPACITY 4
/* A piece for writing: so many messages, or bytes, whichever is reached first. */
#define JOINED_MESSAGES 64
#define JOINED_BYTES    ((size_t)48 * 1024)
/* One is kept that takes at most this part of the bytes: one of so many. */
#define JOINED_PART 8

/* Of all sets of subjects. */
#define SUBJECT_SETS (1U << SUBJECT_COUNT)

/* What history_messages() gave last; without messages for nothing. */
struct joined {
    struct buffer *messages;
    uint64_t first;
    uint64_t last;
};

struct history {
    char instance[33];
    struct event *ring; /* event N is at N modulo capacity */
    size_t capacity;
    uint64_t oldest;
    uint64_t next; /* the number of the event to come */
    size_t bytes;
    size_t bytes_max;
    bool cut; /* the event before the oldest one belongs to it */
    struct joined joined[SUBJECT_SETS];
};

static struct event *slot(const struct history *history, uint64_t sequence)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): where an event is, there is a ring */
    return &history->ring[sequence % history->capacity];
}

static size_t held(const struct history *history)
{
    return (size_t)(history->next - history->oldest);
}

static size_t ring_bytes(size_t capacity)
{
    return capacity ? allocation_bytes(capacity * sizeof(struct event)) : 0;
}

/* What one event more, or less, holds that no other one does. */
static size_t hold(struct object *object)
{
    return object->held++ ? 0 : object_bytes(object);
}

static size_t let_go(struct object *object)
{
    return --object->held ? 0 : object_bytes(object);
}

static size_t text_bytes(const struct event *event)
{
    return (event->source ? buffer_bytes(event->source) : 0) +
           (event->message ? buffer_bytes(event->message) : 0);
}

/* A state counts in the event that ended it: as long as it lasts it is not held for the history
 * alone. An address that ended may be the last that has a state of its link that ended before it,
 * even before the oldest event. */
static void count_in(struct history *history, struct event *event)
{
    struct link *link = event->before ? event->before->link : NULL;

    event->counts_link = link && link->object.past;
    history->bytes += text_bytes(event);
    if (event->before)
        history->bytes += hold(event->before);
    if (event->counts_link)
        history->bytes += hold(&link->object);
}

static void count_out(struct history *history, struct event *event)
{
    history->bytes -= text_bytes(event);
    if (event->counts_link)
        history->bytes -= let_go(&event->before->link->object);
    if (event->before)
        history->bytes -= let_go(event->before);
}

struct history *history_new(const char *instance, size_t bytes_max)
{
    struct history *history = calloc(1, sizeof(*history));

    if (!history)
        return NULL;
    strncpy(history->instance, instance, sizeof(history->instance) - 1);
    history->oldest = history->next = 1;
    history->bytes_max = bytes_max;
    return history;
}

static void drop_joined(struct history *history, struct joined *joined)
{
    if (joined->messages)
        history->bytes -= buffer_bytes(joined->messages);
    joined->messages = buffer_unref(joined->messages);
}

static void drop_all_joined(struct history *history)
{
    for (size_t i = 0; i < SUBJECT_SETS; i++)
        drop_joined(history, &history->joined[i]);
}

static void forget_oldest(struct history *history)
{
    struct event *event = slot(history, history->oldest++);

    history->cut = event->more_follows;
    count_out(history, event);
    object_unref(event->before);
    object_unref(event->after);
    buffer_unref(event->source);
    buffer_unref(event->message);
}

static void forget_all(struct history *history)
{
    while (held(history))
        forget_oldest(history);
}

struct history *history_free(struct history *history)
{
    if (!history)
        return NULL;
    forget_all(history);
    drop_all_joined(history);
    free(history->ring);
    free(history);
    return NULL;
}

static int resize(struct history *history, size_t capacity)
{
    struct history resized = *history;

    resized.capacity = capacity;
    resized.ring = capacity ? calloc(capacity, sizeof(*resized.ring)) : NULL;
    if (capacity && !resized.ring)
        return -ENOMEM;
    for (uint64_t i = history->oldest; i < history->next; i++)
        *slot(&resized, i) = *slot(history, i);
    free(history->ring);
    history->ring = resized.ring;
    history->bytes += ring_bytes(capacity);
    history->bytes -= ring_bytes(history->capacity);
    history->capacity = capacity;
    return 0;
}

/* What is to be added must fit. */
static size_t spacious(size_t count)
{
    return count + count / 4 + FIRST_CAPACITY;
}

static void shrink(struct history *history)
{
    size_t capacity = held(history) ? spacious(held(history)) : 0;

    if (capacity < history->capacity / 2 || capacity == 0)
        (void)resize(history, capacity);
}

static void keep_bound(struct history *history)
{
    while (held(history) && history->bytes > history->bytes_max) {
        forget_oldest(history);
        shrink(history);
    }
}

void history_set_bytes_max(struct history *history, size_t bytes_max)
{
    if (bytes_max < history->bytes_max)
        drop_all_joined(history);
    history->bytes_max = bytes_max;
    keep_bound(history);
}

const char *history_instance(const struct history *history)
{
    return history->instance;
}

static int grow(struct history *history)
{
    return resize(history, spacious(held(history)));
}

/* The number is used up in any case: a consumer that does not get the event sees that
 * one is missing. */
static void leave_out(struct history *history)
{
    forget_all(history);
    shrink(history);
    drop_all_joined(history);
    history->cut = false;
    history->oldest = ++history->next;
}

static int add(struct history *history, struct event event)
{
    if (held(history) == history->capacity && grow(history) < 0) {
        leave_out(history);
        return -ENOMEM;
    }
    event.sequence = history->next;
    object_ref(event.before);
    object_ref(event.after);
    buffer_ref(event.source);
    count_in(history, &event);
    *slot(history, history->next++) = event;
    keep_bound(history);
    return 0;
}

static enum event_type type_of(enum change_type type)
{
    switch (type) {
    case CHANGE_ADD:
        return EVENT_ADD;
    case CHANGE_REMOVE:
        return EVENT_REMOVE;
    case CHANGE_CHANGE:
        break;
    }
    return EVENT_CHANGE;
}

int history_add_change(struct history *history, const struct change *change, int64_t realtime_usec,
                       int64_t monotonic_usec)
{
    return add(history, (struct event){.type = type_of(change->type),
                                       .subject = change_object(change)->subject,
                                       .learned = change->source,
                                       .realtime_usec = realtime_usec,
                                       .monotonic_usec = monotonic_usec,
                                       .before = change->before,
                                       .after = change->after,
                                       .fields = change->fields,
                                       .flaps = change->flaps,
                                       .more_follows = change->more_follows,
                                       .moved_to = change->moved_to});
}

int history_add_source(struct history *history, enum subject_number subject,
                       const struct standing_report *report, int64_t realtime_usec,
                       int64_t monotonic_usec)
{
    struct event event = {.type = EVENT_SOURCE,
                          .subject = subject,
                          .realtime_usec = realtime_usec,
                          .monotonic_usec = monotonic_usec,
                          .source = message_source_text(report)};
    int r;

    if (!event.source) {
        leave_out(history);
        return -ENOMEM;
    }
    r = add(history, event);
    buffer_unref(event.source);
    return r;
}

const struct event *history_get(const struct history *history, uint64_t sequence)
{
    if (sequence < history->oldest || sequence >= history->next)
        return NULL;
    return slot(history, sequence);
}

struct buffer *history_message(struct history *history, uint64_t sequence)
{
    struct event *event = (struct event *)history_get(history, sequence);
    struct buffer *message;

    if (!event)
        return NULL;
    if (!event->message) {
        if (message_event(history->instance, event, &message) < 0)
            return NULL;
        event->message = message;
        history->bytes += buffer_bytes(message);
    }
    message = buffer_ref(event->message);
    keep_bound(history);
    return message;
}

bool history_can_resume(const struct history *history, uint64_t sequence)
{
    const struct event *event = history_get(history, sequence);

    if (event)
        return !event->more_follows;
    return sequence + 1 == history->oldest && !history->cut;
}

static bool is_of(const struct history *history, uint64_t sequence, unsigned subjects)
{
    const struct event *event = history_get(history, sequence);

    return event && subjects & (1U << event->subject) && !event_is_of_link_alone(event);
}

/* The messages from that event on, of those subjects, for who wants all. Their number. *ret_last is
 * the last event that was examined; the one before the first if there was no memory for the first
 * one. */
static size_t collect(struct history *history, uint64_t sequence, unsigned subjects,
                      const struct slice *slice, struct buffer **messages, size_t *ret_bytes,
                      uint64_t *ret_last)
{
    bool is_over = false;
    size_t bytes = 0;
    size_t count = 0;

    for (; !is_over && sequence < history->next && count < JOINED_MESSAGES && bytes < JOINED_BYTES;
         sequence++) {
        if (history_get(history, sequence) && !is_of(history, sequence, subjects)) {
            is_over = slice_is_over_after(slice, sequence);
            continue;
        }
        messages[count] = history_message(history, sequence);
        if (!messages[count])
            break;
        bytes += messages[count++]->length;
    }
    *ret_bytes = bytes;
    *ret_last = sequence - 1;
    return count;
}

static struct buffer *join(struct buffer *const *messages, size_t count, size_t bytes)
{
    struct buffer *joined = buffer_new(bytes);
    char *to = joined ? joined->data : NULL;

    for (size_t i = 0; joined && i < count; i++) {
        memcpy(to, messages[i]->data, messages[i]->length);
        to += messages[i]->length;
    }
    return joined;
}

/* For the others who want the same, where it does not cost them much of what is held. */
static void keep_joined(struct history *history, struct joined *joined, struct buffer *messages,
                        uint64_t first, uint64_t last)
{
    drop_joined(history, joined);
    if (buffer_bytes(messages) > history->bytes_max / JOINED_PART)
        return;
    *joined = (struct joined){.messages = buffer_ref(messages), .first = first, .last = last};
    history->bytes += buffer_bytes(messages);
    keep_bound(history);
}

int history_messages(struct history *history, uint64_t sequence, unsigned subjects,
                     const struct slice *slice, uint64_t *ret_last, struct buffer **ret)
{
    struct joined *kept = &history->joined[subjects];
    struct buffer *messages[JOINED_MESSAGES];
    size_t bytes, count;

    *ret = NULL;
    if (kept->messages && kept->first == sequence) {
        *ret_last = kept->last;
        *ret = buffer_ref(kept->messages);
        return 1;
    }
    count = collect(history, sequence, subjects, slice, messages, &bytes, ret_last);
    if (count == 0)
        return *ret_last < sequence ? -ENOMEM : 0;
    *ret = count == 1 ? buffer_ref(messages[0]) : join(messages, count, bytes);
    for (size_t i = 0; i < count; i++)
        buffer_unref(messages[i]);
    if (!*ret)
        return -ENOMEM;
    if (count > 1)
        keep_joined(history, kept, *ret, sequence, *ret_last);
    return 1;
}

uint64_t history_newest(const struct history *history)
{
    return history->next - 1;
}

uint64_t history_oldest(const struct history *history)
{
    return history->oldest;
}

struct history_size history_size(const struct history *history)
{
    return (struct history_size){
        .events = held(history), .bytes = history->bytes, .bytes_max = history->bytes_max};
}
