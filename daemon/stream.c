/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/message.h"

/* Objects of a snapshot that are given in one buffer, at most. */
#define PIECE_OBJECTS 128

struct stream {
    struct stream_origin *origin;
    struct filter *filter;
    uint64_t cursor; /* the last event that was emitted, or passed over */
    uint64_t seen;   /* the last one that was held against the filter */
    uint64_t held;   /* of those between, the one to be emitted next; 0 for none */
    uint64_t start;  /* the last event that had happened when the consumer came, or lost others */

    /* What is held against the filter: the event after the last one seen, or this object of the
     * snapshot. The cursor stays where it is until that is decided. */
    struct filter_progress progress;
    struct object *undecided;

    /* A snapshot goes through the subjects, and through the table of each in its order, while they
     * go on changing: events about objects that it has passed are emitted in between, events about
     * the others are not, for it will show their outcome. */
    unsigned subject;               /* SUBJECT_COUNT when it is over */
    struct address_key snapshot_at; /* of the last object passed; zero for none */
    bool owes_ready;
    bool before_ready; /* from the beginning of a snapshot until ready */
    bool sent_source;  /* that nothing is known yet, and why */

    bool owes_lost;
    int64_t lost; /* how many, -1 if that can't be known */
};

static void go_to(struct stream *stream, uint64_t sequence)
{
    stream->cursor = stream->seen = sequence;
    stream->held = 0;
}

/* Events up to now are no news for the consumer: none waits for them. */
static void start(struct stream *stream)
{
    stream->start = history_newest(stream->origin->history);
}

static bool is_about(const struct stream *stream, unsigned subjects)
{
    return filter_subjects(stream->filter) & subjects;
}

struct stream *stream_new(struct stream_origin *origin, struct filter *filter)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    if (!stream)
        return NULL;
    stream->origin = origin;
    stream->filter = filter;
    go_to(stream, history_newest(origin->history));
    start(stream);
    stream->owes_ready = stream->before_ready = true;
    return stream;
}

struct stream *stream_free(struct stream *stream)
{
    if (!stream)
        return NULL;
    object_unref(stream->undecided);
    filter_free(stream->filter);
    free(stream);
    return NULL;
}

static bool history_reaches(const struct stream *stream, uint64_t sequence)
{
    return sequence + 1 >= history_oldest(stream->origin->history);
}

/* From here on: "lost", then everything anew. */
static void start_over(struct stream *stream, int64_t lost)
{
    if (lost > 0)
        stream->origin->events_lost += (uint64_t)lost;
    /* It may be overtaken again before that was emitted: then the sum counts. */
    if (stream->owes_lost)
        lost = lost < 0 || stream->lost < 0 ? -1 : stream->lost + lost;
    go_to(stream, history_newest(stream->origin->history));
    start(stream);
    stream->owes_lost = true;
    stream->lost = lost;
    stream->owes_ready = stream->before_ready = true;
    stream->subject = 0;
    stream->snapshot_at = (struct address_key){.ifindex = 0};
    stream->progress = (struct filter_progress){.glob = 0};
    stream->undecided = object_unref(stream->undecided);
}

static void start_over_from(struct stream *stream, uint64_t sequence)
{
    start_over(stream, (int64_t)(history_newest(stream->origin->history) - sequence));
}

/* Whether the history has all events about addresses since then, if they are wanted. */
static bool has_addresses_from(const struct stream *stream, uint64_t sequence)
{
    return !is_about(stream, SUBJECT_BIT(ADDRESSES)) ||
           (stream->origin->addresses && sequence >= stream->origin->addresses_from);
}

int stream_resume(struct stream *stream, const char *instance, int64_t sequence)
{
    const struct history *history = stream->origin->history;

    if (strcmp(instance, history_instance(history)) != 0) {
        start_over(stream, -1);
        return 0;
    }
    if (sequence < 0 || (uint64_t)sequence > history_newest(history))
        return -ERANGE;
    if (!history_can_resume(history, (uint64_t)sequence)) {
        start_over_from(stream, (uint64_t)sequence);
        return 0;
    }
    if (!has_addresses_from(stream, (uint64_t)sequence)) {
        start_over(stream, -1);
        return 0;
    }
    go_to(stream, (uint64_t)sequence);
    stream->subject = SUBJECT_COUNT;
    stream->before_ready = false;
    return 0;
}

/* Where the oldest events belong together with one that is not held any more, these are passed
 * over, too. Nothing of that is a consumer's loss, and none of it counts as such. */
void stream_replay(struct stream *stream)
{
    const struct stream_origin *origin = stream->origin;
    uint64_t sequence = history_oldest(origin->history) - 1;
    bool has_addresses = !is_about(stream, SUBJECT_BIT(ADDRESSES)) || origin->addresses;

    if (!has_addresses)
        sequence = history_newest(origin->history);
    else if (!has_addresses_from(stream, sequence))
        sequence = origin->addresses_from;
    while (sequence < history_newest(origin->history) &&
           !history_can_resume(origin->history, sequence))
        sequence++;
    go_to(stream, sequence);
    stream->owes_lost = sequence > 0;
    stream->lost = has_addresses ? (int64_t)sequence : -1;
    stream->subject = SUBJECT_COUNT;
    stream->before_ready = false;
}

/* The snapshot has come to that object. */
static void pass(struct stream *stream, struct object *object)
{
    if (object->subject == SUBJECT_ADDRESSES)
        stream->snapshot_at = as_address(object)->key;
    else
        stream->snapshot_at.ifindex = as_link(object)->ifindex;
}

/* Whether the snapshot is still to show what became of it. */
static bool is_to_come(const struct stream *stream, const struct event *event)
{
    struct object *object = event_object(event);

    if (!object || object->subject != stream->subject)
        return object && object->subject > stream->subject;
    if (object->subject == SUBJECT_ADDRESSES)
        return address_order(&as_address(object)->key, &stream->snapshot_at) > 0;
    return as_link(object)->ifindex > stream->snapshot_at.ifindex;
}

/* As filter_passes_event(). */
static int is_wanted(struct stream *stream, const struct event *event, const struct slice *slice)
{
    if (!is_about(stream, 1U << event->subject) || is_to_come(stream, event))
        return false;
    return filter_passes_event(stream->filter, event, &stream->progress, slice);
}

static int emit_lost(struct stream *stream, struct buffer **ret)
{
    const struct history *history = stream->origin->history;
    int r = message_lost(history_instance(history), stream->cursor, stream->lost, ret);

    if (r < 0)
        return r;
    stream->owes_lost = false;
    return 1;
}

static bool never_dumped(const struct stream *stream)
{
    return stream->origin->reports[SUBJECT_LINKS]->last_dump_usec < 0;
}

/* They are followed only since somebody wants them. */
static bool waits_for_addresses(const struct stream *stream)
{
    return is_about(stream, SUBJECT_BIT(ADDRESSES)) && !stream->origin->addresses;
}

static bool more_follows(const struct stream *stream, uint64_t sequence)
{
    const struct event *event = history_get(stream->origin->history, sequence);

    return event && event->more_follows;
}

/* The message of an event; alone: none of those that belong together with it follows. Before ready,
 * each belongs together with what follows: who resumed from there would miss the rest of the
 * snapshot. */
static struct buffer *event_message(const struct stream *stream, uint64_t sequence, bool alone)
{
    struct history *history = stream->origin->history;
    bool follows = more_follows(stream, sequence);
    bool belongs = stream->before_ready ? follows || !never_dumped(stream) : follows && !alone;
    struct buffer *message;
    struct event event;

    if (belongs == follows)
        return history_message(history, sequence);
    event = *history_get(history, sequence);
    event.more_follows = belongs;
    return message_event(history_instance(history), &event, &message) < 0 ? NULL : message;
}

/* These events are emitted together: what counts is the oldest of them that is the stream's. */
static void count_delay(struct stream *stream, uint64_t first, uint64_t last)
{
    struct stream_origin *origin = stream->origin;

    for (; first <= last; first++) {
        const struct event *event = history_get(origin->history, first);

        if (first <= stream->start || !event || !is_about(stream, 1U << event->subject))
            continue;
        delays_add(&origin->delays, origin->clock() - event->monotonic_usec);
        return;
    }
}

/* Emits the event that was held back; next: the one to be held back then, 0 for none. */
static int emit_held(struct stream *stream, uint64_t next, struct buffer **ret)
{
    *ret = event_message(stream, stream->held, next == 0);
    if (!*ret)
        return -ENOMEM;
    count_delay(stream, stream->held, stream->held);
    stream->cursor = next ? stream->held : stream->seen;
    stream->held = next;
    return 1;
}

/* The next event that is to be emitted; 0 if the cursor came to the end. Of events that belong
 * together, the filter or the snapshot may leave out the last ones, and the last one that is sent
 * must not promise more: each is held back until the next one is found, or there is none. */
static int emit_event(struct stream *stream, const struct slice *slice, struct buffer **ret)
{
    struct history *history = stream->origin->history;

    for (;;) {
        bool at_end = stream->seen == history_newest(history);
        int r;

        if (stream->held && (at_end || !more_follows(stream, stream->seen)))
            return emit_held(stream, 0, ret);
        if (at_end)
            return 0;
        r = is_wanted(stream, history_get(history, stream->seen + 1), slice);
        if (r < 0)
            return r;
        stream->seen++;
        if (r > 0 && stream->held)
            return emit_held(stream, stream->seen, ret);
        if (r > 0)
            stream->held = stream->seen;
        else if (!stream->held)
            stream->cursor = stream->seen;
        if (!stream->held && slice_is_over(slice))
            return -EAGAIN;
    }
}

/* Objects of a snapshot in one buffer. */
struct piece {
    struct writer head; /* of each */
    int64_t now;
    struct buffer *texts[PIECE_OBJECTS];
    size_t count;
    size_t bytes;
};

/* The next one of the snapshot's subject; NULL at the end. */
static struct object *next_object(const struct stream *stream)
{
    const struct stream_origin *origin = stream->origin;

    if (stream->subject == SUBJECT_ADDRESSES)
        return (struct object *)address_table_next(origin->addresses, &stream->snapshot_at);
    return (struct object *)table_next(origin->table, stream->snapshot_at.ifindex);
}

/* Adds an object that passes. */
static int put(struct piece *piece, struct object *object)
{
    struct buffer *text = message_object_text(object, piece->now);

    if (!text)
        return -ENOMEM;
    piece->texts[piece->count++] = text;
    piece->bytes += message_snapshot_size(&piece->head, text);
    return 1;
}

/* Goes through the next objects of the snapshot. 1 at its end, 0 if the piece is full, -EAGAIN. */
static int collect(struct stream *stream, size_t bytes, const struct slice *slice,
                   struct piece *piece)
{
    for (size_t n = 1; piece->bytes < bytes && piece->count < PIECE_OBJECTS; n++) {
        bool was_undecided = stream->undecided;
        struct object *object = stream->undecided;
        int r;

        if (!object)
            object = object_ref(next_object(stream));
        if (!object)
            return 1;
        r = filter_passes_object(stream->filter, object, &stream->progress, slice);
        stream->undecided = r < 0 ? object : NULL;
        if (r < 0)
            return r;
        if (r > 0)
            r = put(piece, object);
        if (r >= 0)
            pass(stream, object);
        object_unref(object);
        if (r < 0)
            return r;
        /* Meanwhile others may have changed, and their events come first. */
        if (was_undecided || slice_is_over_after(slice, n))
            return -EAGAIN;
    }
    return 0;
}

/* The room is made in one piece of the right size: what is left over by many consumers would add
 * up. */
static int write_piece(const struct piece *piece, struct buffer **ret)
{
    struct writer writer;
    int r;

    writer_init(&writer);
    if (piece->bytes > WRITER_ROOM)
        (void)writer_grow(&writer, piece->bytes);
    for (size_t i = 0; i < piece->count; i++) {
        message_put_snapshot(&writer, &piece->head, piece->texts[i]);
        buffer_unref(piece->texts[i]);
    }
    r = writer_to_buffer(&writer, ret);
    return r < 0 ? r : 1;
}

/* The next objects of the snapshot, until there is so much of them; 0 at the end of a subject. */
static int emit_objects(struct stream *stream, size_t bytes, const struct slice *slice,
                        struct buffer **ret)
{
    struct piece piece;
    int r = 1;

    piece.count = piece.bytes = 0;
    piece.now = stream->origin->clock();
    message_begin_snapshot(&piece.head, history_instance(stream->origin->history), stream->cursor,
                           stream->subject);
    if (is_about(stream, 1U << stream->subject))
        r = collect(stream, bytes, slice, &piece);
    if (piece.count > 0)
        return write_piece(&piece, ret);
    if (r > 0) {
        stream->subject++;
        stream->snapshot_at = (struct address_key){.ifindex = 0};
    }
    return r < 0 ? r : 0;
}

/* With the states of the sources that the stream is about, and of the links in any case. */
static int emit_sources(struct stream *stream, enum event_type type, struct buffer **ret)
{
    struct stream_origin *origin = stream->origin;
    unsigned subjects = filter_subjects(stream->filter) | SUBJECT_BIT(LINKS);

    return message_sources_now(history_instance(origin->history), type, stream->cursor,
                               origin->reports, subjects, ret);
}

static int emit_ready(struct stream *stream, struct buffer **ret)
{
    int r = emit_sources(stream, EVENT_READY, ret);

    if (r < 0)
        return r;
    stream->owes_ready = stream->before_ready = false;
    return 1;
}

/* Before the first complete dump an empty snapshot would be wrong: the source shows why there is
 * none, and a consumer that resumes gets the events that it has missed. */
static int emit_source(struct stream *stream, const struct slice *slice, struct buffer **ret)
{
    int r;

    if (stream->sent_source)
        return emit_event(stream, slice, ret);
    r = emit_sources(stream, EVENT_SOURCE, ret);
    if (r < 0)
        return r;
    stream->sent_source = true;
    return 1;
}

/* Several events in one buffer, the same for all consumers that want everything and stand
 * at the same place. */
static int emit_events(struct stream *stream, const struct slice *slice, struct buffer **ret)
{
    struct history *history = stream->origin->history;
    uint64_t first = stream->cursor + 1;
    uint64_t last;
    int r = history_messages(history, first, filter_subjects(stream->filter), slice, &last, ret);

    if (r < 0)
        return r;
    if (r > 0)
        count_delay(stream, first, last);
    go_to(stream, last);
    return r == 0 && last < history_newest(history) ? -EAGAIN : r;
}

/* Of events that belong together the last one is of a link, if not what follows it: without links,
 * what more_follows promises may not come. */
static bool may_join(const struct stream *stream)
{
    return is_about(stream, SUBJECT_BIT(LINKS)) && filter_passes_all(stream->filter);
}

/* Twice as many where no filter takes memory, so that the consumer is woken half as often. */
static size_t piece_bytes(const struct stream *stream)
{
    size_t bytes = stream->origin->piece_bytes;

    return filter_passes_all(stream->filter) ? 2 * bytes : bytes;
}

int stream_next(struct stream *stream, const struct slice *slice, struct buffer **ret)
{
    struct history *history = stream->origin->history;
    int r = 0;

    if (!history_reaches(stream, stream->cursor))
        start_over_from(stream, stream->cursor);
    if (stream->owes_lost)
        return emit_lost(stream, ret);
    if (stream->owes_ready && never_dumped(stream))
        return emit_source(stream, slice, ret);
    if (waits_for_addresses(stream))
        return 0;
    if (!stream->before_ready && !stream->held && may_join(stream) &&
        stream->cursor < history_newest(history))
        r = emit_events(stream, slice, ret);
    else if (!stream->undecided)
        r = emit_event(stream, slice, ret);
    while (r == 0 && stream->subject < SUBJECT_COUNT)
        r = emit_objects(stream, piece_bytes(stream), slice, ret);
    if (r == 0 && stream->owes_ready)
        r = emit_ready(stream, ret);
    return r;
}
