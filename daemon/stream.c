#include "daemon/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/message.h"

/* Links of a snapshot that are given in one buffer. */
#define PIECE_BYTES ((size_t)96 * 1024)
/* What may be held against the filter before others have their turn, in units of
 * filter_cost(): some 0.1 ms with globs that are hard to match. */
#define WORK_AT_ONCE 1024
/* The cost of a filter that is nothing beside the writing. */
#define CHEAP 16

struct stream {
    struct stream_origin *origin;
    struct filter *filter;
    uint64_t cursor; /* the last event that was told, or passed over */
    size_t work;     /* since STREAM_LATER was said */

    /* A snapshot goes through the table in the order of the indexes, while the table
     * goes on changing: events about links that it has passed are told in between,
     * events about the others are not, for it will tell their outcome. */
    bool in_snapshot;
    int snapshot_index; /* of the last link passed */
    bool owes_ready;
    bool told_blindness; /* that nothing is known yet, and why */

    bool owes_lost;
    int64_t lost; /* how many, -1 if that can't be known */
};

struct stream *stream_new(struct stream_origin *origin, struct filter *filter)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    if (!stream)
        return NULL;
    stream->origin = origin;
    stream->filter = filter;
    stream->cursor = history_newest(origin->history);
    stream->in_snapshot = stream->owes_ready = true;
    return stream;
}

struct stream *stream_free(struct stream *stream)
{
    if (!stream)
        return NULL;
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
    /* It may be overtaken again before it was told: then the sum counts. */
    if (stream->owes_lost)
        lost = lost < 0 || stream->lost < 0 ? -1 : stream->lost + lost;
    stream->cursor = history_newest(stream->origin->history);
    stream->owes_lost = true;
    stream->lost = lost;
    stream->in_snapshot = stream->owes_ready = true;
    stream->snapshot_index = 0;
}

static void start_over_from(struct stream *stream, uint64_t sequence)
{
    start_over(stream, (int64_t)(history_newest(stream->origin->history) - sequence));
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
    stream->cursor = (uint64_t)sequence;
    stream->in_snapshot = false;
    return 0;
}

static bool is_to_tell(const struct stream *stream, const struct event *event)
{
    const struct link *link = event->after ? event->after : event->before;

    if (link && stream->in_snapshot && link->ifindex > stream->snapshot_index)
        return false;
    return filter_passes_event(stream->filter, event);
}

static int tell_lost(struct stream *stream, struct buffer **ret)
{
    const struct history *history = stream->origin->history;
    int r = message_lost(history_instance(history), stream->cursor, stream->lost, ret);

    if (r < 0)
        return r;
    stream->owes_lost = false;
    return 1;
}

/* What was held against the filter, and again. */
static void count_work(struct stream *stream)
{
    if (!filter_passes_all(stream->filter))
        stream->work += 2 * filter_cost(stream->filter);
}

static bool worked_enough(const struct stream *stream)
{
    return stream->work > WORK_AT_ONCE;
}

/* Of events that belong together, the filter or the snapshot may leave out the last ones: the
 * last one that is told must not promise more. */
static bool promises_too_much(const struct stream *stream, const struct event *event)
{
    const struct history *history = stream->origin->history;

    while (event && event->more_follows) {
        event = history_get(history, event->sequence + 1);
        if (event && is_to_tell(stream, event))
            return false;
    }
    return true;
}

static struct buffer *event_message(const struct stream *stream, uint64_t sequence)
{
    struct history *history = stream->origin->history;
    struct event event = *history_get(history, sequence);
    struct buffer *message;

    if (!event.more_follows || !promises_too_much(stream, &event))
        return history_message(history, sequence);
    event.more_follows = false;
    return message_event(history_instance(history), &event, &message) < 0 ? NULL : message;
}

/* The next event that is to be told; 0 if the cursor came to the end, or it was enough. */
static int tell_event(struct stream *stream, struct buffer **ret)
{
    struct history *history = stream->origin->history;

    while (stream->cursor < history_newest(history) && !worked_enough(stream)) {
        count_work(stream);
        if (is_to_tell(stream, history_get(history, stream->cursor + 1))) {
            struct buffer *message = event_message(stream, stream->cursor + 1);

            if (!message)
                return -ENOMEM;
            stream->cursor++;
            *ret = message;
            return 1;
        }
        stream->cursor++;
    }
    return 0;
}

/* Up to which link a piece of the snapshot goes that has so many bytes or a little more;
 * *ret_size is what it needs, about. */
static int end_of_piece(struct stream *stream, size_t bytes, size_t *ret_size)
{
    int end = stream->snapshot_index;
    struct link *link;

    *ret_size = 0;
    while (*ret_size < bytes && !worked_enough(stream) &&
           (link = table_next(stream->origin->table, end))) {
        count_work(stream);
        end = link->ifindex;
        if (filter_passes_link(stream->filter, link))
            *ret_size += message_snapshot_size(link);
    }
    return end;
}

/* The next links of the snapshot, until there is so much of them; 0 at its end. The room
 * is made in one piece of the right size: what is left over by many consumers would add
 * up. */
static int tell_links(struct stream *stream, size_t bytes, struct buffer **ret)
{
    const char *instance = history_instance(stream->origin->history);
    struct writer writer;
    struct link *link;
    size_t size;
    int end = end_of_piece(stream, bytes, &size);
    int r;

    writer_init(&writer);
    if (size > WRITER_ROOM)
        (void)writer_grow(&writer, size);
    while (stream->snapshot_index < end) {
        link = table_next(stream->origin->table, stream->snapshot_index);
        stream->snapshot_index = link->ifindex;
        if (filter_passes_link(stream->filter, link))
            message_put_snapshot(&writer, instance, stream->cursor, link);
    }
    if (size == 0 && table_next(stream->origin->table, end))
        return 0;
    stream->in_snapshot = size > 0;
    if (!stream->in_snapshot)
        return 0;
    r = writer_to_buffer(&writer, ret);
    return r < 0 ? r : 1;
}

static int tell_ready(struct stream *stream, struct buffer **ret)
{
    struct source_state source;
    int r;

    stream->origin->describe(stream->origin->user, &source);
    r = message_ready(history_instance(stream->origin->history), stream->cursor, &source, ret);
    if (r < 0)
        return r;
    stream->owes_ready = false;
    return 1;
}

static bool is_blind(const struct stream *stream)
{
    struct source_state source;

    stream->origin->describe(stream->origin->user, &source);
    return source.last_look_usec < 0;
}

/* Before the first complete dump an empty picture would be a lie: what is told is why there is
 * none, and the events that a consumer who resumes has yet to hear. */
static int tell_blindness(struct stream *stream, struct buffer **ret)
{
    struct event event = {.type = EVENT_SOURCE,
                          .sequence = stream->cursor,
                          .realtime_usec = -1,
                          .monotonic_usec = -1};
    struct source_state source;
    int r;

    if (stream->told_blindness)
        return tell_event(stream, ret);
    stream->origin->describe(stream->origin->user, &source);
    r = message_source(history_instance(stream->origin->history), &event, &source, ret);
    if (r < 0)
        return r;
    stream->told_blindness = true;
    return 1;
}

/* Several events in one buffer, the same for all consumers that want everything and stand
 * at the same place. */
static int tell_events(struct stream *stream, struct buffer **ret)
{
    uint64_t last;
    struct buffer *messages = history_messages(stream->origin->history, stream->cursor + 1, &last);

    if (!messages)
        return -ENOMEM;
    stream->cursor = last;
    *ret = messages;
    return 1;
}

static int later(struct stream *stream)
{
    stream->work = 0;
    return STREAM_LATER;
}

static int next(struct stream *stream, bool many, struct buffer **ret)
{
    struct history *history = stream->origin->history;
    int r = 0;

    if (!history_reaches(stream, stream->cursor))
        start_over_from(stream, stream->cursor);
    if (stream->owes_lost)
        return tell_lost(stream, ret);
    if (stream->owes_ready && is_blind(stream)) {
        r = tell_blindness(stream, ret);
        return r == 0 && worked_enough(stream) ? later(stream) : r;
    }
    if (many && !stream->in_snapshot && filter_passes_all(stream->filter) &&
        stream->cursor < history_newest(history))
        return tell_events(stream, ret);
    r = tell_event(stream, ret);
    if (r == 0 && stream->in_snapshot && !worked_enough(stream))
        r = tell_links(stream, many ? PIECE_BYTES : 1, ret);
    if (r == 0 && worked_enough(stream))
        return later(stream);
    if (r == 0 && stream->owes_ready)
        r = tell_ready(stream, ret);
    return r;
}

bool stream_is_heavy(const struct stream *stream)
{
    return stream->in_snapshot || filter_cost(stream->filter) > CHEAP;
}

int stream_next(struct stream *stream, struct buffer **ret)
{
    return next(stream, false, ret);
}

int stream_next_many(struct stream *stream, struct buffer **ret)
{
    return next(stream, true, ret);
}
