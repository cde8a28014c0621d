/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/answer.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/message.h"

struct answer *answer_free(struct answer *answer)
{
    if (!answer)
        return NULL;
    if (answer->follows)
        source_want_addresses(answer->follows, -1);
    answer->kind->free(answer);
    return NULL;
}

void *answer_new(const struct answer_kind *kind, struct waitlist *waits_on, size_t size)
{
    struct answer *answer = calloc(1, size);

    if (!answer)
        return NULL;
    answer->kind = kind;
    answer->waits_on = waits_on;
    return answer;
}

void *answer_new_following(const struct answer_kind *kind, struct waitlist *waits_on, size_t size,
                           struct source *source)
{
    struct answer *answer = answer_new(kind, waits_on, size);

    if (!answer || !source)
        return answer;
    if (source_want_addresses(source, 1) < 0) {
        free(answer);
        return NULL;
    }
    answer->follows = source;
    return answer;
}

/* --- one reply */

struct reply {
    struct answer answer;
    struct buffer *message; /* NULL when it was given */
};

static int reply_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    struct reply *reply = (struct reply *)answer;

    (void)slice;
    if (!reply->message)
        return ANSWER_END;
    *ret = reply->message;
    reply->message = NULL;
    return ANSWER_PIECE;
}

static void reply_free(struct answer *answer)
{
    buffer_unref(((struct reply *)answer)->message);
    free(answer);
}

int answer_reply(struct buffer *message, struct answer **ret)
{
    static const struct answer_kind kind = {.next = reply_next, .free = reply_free};
    struct reply *reply = answer_new(&kind, NULL, sizeof(*reply));

    if (!reply) {
        buffer_unref(message);
        return -ENOMEM;
    }
    reply->message = message;
    *ret = &reply->answer;
    return 0;
}

int answer_dump_failure(const struct namespace *namespace, struct buffer **ret)
{
    const struct standing_report *report = namespace_subjects(namespace)->reports[SUBJECT_LINKS];

    return message_error(report->last_dump_usec < 0 ? "org.linkwatch.Links.NeverDumped"
                                                    : "org.linkwatch.Links.DumpFailed",
                         message_failure(report->dump_reason, report->dump_error), ret);
}

/* --- a stream of events */

struct events {
    struct answer answer;
    struct stream *stream;
};

static int events_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    int r = stream_next(((struct events *)answer)->stream, slice, ret);

    if (r < 0)
        return r;
    return r > 0 ? ANSWER_PIECE : ANSWER_WAITS;
}

static void events_free(struct answer *answer)
{
    stream_free(((struct events *)answer)->stream);
    free(answer);
}

int answer_stream(struct waitlist *news, struct stream *stream, struct source *follows,
                  struct answer **ret)
{
    static const struct answer_kind kind = {
        .next = events_next, .free = events_free, .endless = true};
    struct events *events = answer_new_following(&kind, news, sizeof(*events), follows);

    if (!events) {
        stream_free(stream);
        return -ENOMEM;
    }
    events->stream = stream;
    *ret = &events->answer;
    return 0;
}

/* --- after a dump */

struct refresh {
    struct answer answer;
    struct namespace *namespace;
    struct subjects_request request;
    int (*make)(struct namespace *namespace, int done, struct buffer **ret);
    bool answered;
};

static int refresh_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    struct refresh *refresh = (struct refresh *)answer;
    int done = subjects_dump_done(namespace_subjects(refresh->namespace), &refresh->request);
    int r;

    (void)slice;
    if (refresh->answered)
        return ANSWER_END;
    if (done == 0)
        return ANSWER_WAITS;
    refresh->answered = true;
    r = refresh->make(refresh->namespace, done, ret);
    return r < 0 ? r : ANSWER_PIECE;
}

static void refresh_free(struct answer *answer)
{
    free(answer);
}

static int make_refreshed(struct namespace *namespace, int done, struct buffer **ret)
{
    const struct history *history = namespace_history(namespace);
    json_t *position;

    if (done < 0)
        return answer_dump_failure(namespace, ret);
    position = message_position(history_instance(history), history_newest(history));
    return message_reply(json_pack("{s:o}", "position", position), false, ret);
}

/* If the dump failed, the calls that follow report it. */
static int make_entered(struct namespace *namespace, int done, struct buffer **ret)
{
    (void)namespace;
    (void)done;
    return message_reply(json_object(), false, ret);
}

static struct refresh *new_refresh(struct namespace *namespace)
{
    static const struct answer_kind kind = {.next = refresh_next, .free = refresh_free};
    struct refresh *refresh = answer_new(&kind, namespace_dumps(namespace), sizeof(*refresh));

    if (refresh)
        refresh->namespace = namespace;
    return refresh;
}

int answer_refresh(struct namespace *namespace, struct answer **ret)
{
    struct refresh *refresh = new_refresh(namespace);

    if (!refresh)
        return -ENOMEM;
    refresh->make = make_refreshed;
    refresh->request = source_request_dump(namespace_source(namespace));
    *ret = &refresh->answer;
    return 0;
}

int answer_enter(struct namespace *namespace, struct answer **ret)
{
    struct refresh *refresh = new_refresh(namespace);

    if (!refresh)
        return -ENOMEM;
    refresh->make = make_entered;
    if (!namespace_subjects(namespace)->followers[SUBJECT_LINKS].fresh)
        refresh->request = source_request_dump(namespace_source(namespace));
    *ret = &refresh->answer;
    return 0;
}
