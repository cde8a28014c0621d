/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/answer.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/message.h"

#define LINKS "org.linkwatch.Links"

struct answer *answer_free(struct answer *answer)
{
    if (answer)
        answer->kind->free(answer);
    return NULL;
}

static void *new_answer(const struct answer_kind *kind, struct waitlist *waits_on, size_t size)
{
    struct answer *answer = calloc(1, size);

    if (!answer)
        return NULL;
    answer->kind = kind;
    answer->waits_on = waits_on;
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
    struct reply *reply = new_answer(&kind, NULL, sizeof(*reply));

    if (!reply) {
        buffer_unref(message);
        return -ENOMEM;
    }
    reply->message = message;
    *ret = &reply->answer;
    return 0;
}

static const struct standing_report *links_report(struct namespace *namespace)
{
    return standing_report(source_links(namespace_source(namespace))->standing);
}

static bool never_dumped(struct namespace *namespace)
{
    return links_report(namespace)->last_dump == STANDING_NEVER;
}

/* Why dumps fail. Where none ever worked, the links are unknown, which is not the same as that
 * there are none. */
static int dump_failure(struct namespace *namespace, struct buffer **ret)
{
    const struct standing_report *report = links_report(namespace);

    return message_error(never_dumped(namespace) ? LINKS ".NeverLooked" : LINKS ".DumpFailed",
                         message_failure(report->dump_reason, report->dump_error), ret);
}

/* --- a list of links */

/* What comes after the links and the texts that were given. */
enum list_piece { LIST_LINK, LIST_TEXT, LIST_TAIL, LIST_OVER };

struct list {
    struct answer answer;
    struct user *user;
    struct filter *filter;
    struct filter_progress progress;
    struct message_list pieces;
    enum list_piece piece;
    struct link *found; /* the next one that passes; NULL until it is known, or if there is none */
    size_t next;
    size_t count;
    struct link *links[];
};

static size_t held_by(size_t count)
{
    return count * sizeof(struct link *);
}

/* The next link that passes: 1 if that is known, though there may be none. */
static int find_link(struct list *list, const struct slice *slice)
{
    list->found = NULL;
    while (list->next < list->count) {
        struct link *link = list->links[list->next];
        int r = filter_passes_link(list->filter, link, &list->progress, slice);

        if (r < 0)
            return r;
        list->next++;
        if (r > 0) {
            list->found = link;
            return 1;
        }
        if (slice_is_over(slice))
            return -EAGAIN;
    }
    return 1;
}

/* Whether there is another one decides how a reply ends. The texts are there already, or are kept
 * for the next who asks: nobody copies them. */
static int list_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    struct list *list = (struct list *)answer;
    struct buffer *text;
    int r;

    switch (list->piece) {
    case LIST_LINK:
        r = list->found ? 1 : find_link(list, slice);
        if (r < 0)
            return r;
        *ret = buffer_ref(list->found ? list->pieces.link : list->pieces.none);
        list->piece = list->found ? LIST_TEXT : LIST_OVER;
        return ANSWER_PIECE;
    case LIST_TEXT:
        text = message_link_text(list->found);
        if (!text)
            return -ENOMEM;
        *ret = text;
        list->piece = LIST_TAIL;
        return ANSWER_PIECE;
    case LIST_TAIL:
        r = find_link(list, slice);
        if (r < 0)
            return r;
        *ret = buffer_ref(list->found ? list->pieces.more : list->pieces.last);
        list->piece = list->found ? LIST_LINK : LIST_OVER;
        return ANSWER_PIECE;
    case LIST_OVER:
        break;
    }
    return ANSWER_END;
}

static void list_free(struct answer *answer)
{
    struct list *list = (struct list *)answer;

    quota_give(&list->user->lists, held_by(list->count));
    for (size_t i = 0; i < list->count; i++)
        link_unref(list->links[i]);
    message_list_clear(&list->pieces);
    filter_free(list->filter);
    free(list);
}

static int list_pieces(struct namespace *namespace, struct message_list *ret)
{
    const struct history *history = namespace_history(namespace);
    struct source_state state;

    follower_describe(source_links(namespace_source(namespace)), &state);
    return message_list_new(message_position(history_instance(history), history_newest(history)),
                            message_source_state(&state), ret);
}

static void take_links(struct list *list, const struct table *table, size_t count)
{
    struct link *link = NULL;

    while (list->count < count && (link = table_next(table, link ? link->ifindex : 0)))
        list->links[list->count++] = link_ref(link);
}

static int new_list(struct namespace *namespace, struct user *user, struct answer **ret)
{
    static const struct answer_kind kind = {.next = list_next, .free = list_free};
    const struct table *table = source_table(namespace_source(namespace));
    size_t count = table_count(table);
    struct list *list;

    if (!quota_take(&user->lists, held_by(count)))
        return -EUSERS;
    list = new_answer(&kind, NULL, sizeof(*list) + held_by(count));
    if (!list) {
        quota_give(&user->lists, held_by(count));
        return -ENOMEM;
    }
    list->user = user;
    take_links(list, table, count);
    *ret = &list->answer;
    return 0;
}

/* Why there can't be a list. */
static int refuse_list(struct namespace *namespace, struct answer **ret)
{
    struct buffer *message = NULL;
    int r;

    if (never_dumped(namespace))
        r = dump_failure(namespace, &message);
    else
        r = message_error(LINKS ".LimitReached", json_pack("{s:s}", "limit", "list-memory"),
                          &message);
    return r < 0 ? r : answer_reply(message, ret);
}

int answer_list(struct namespace *namespace, struct user *user, struct filter *filter,
                struct answer **ret)
{
    struct answer *answer = NULL;
    struct list *list;
    int r = never_dumped(namespace) ? -EUSERS : new_list(namespace, user, &answer);

    if (r < 0) {
        filter_free(filter);
        return r == -EUSERS ? refuse_list(namespace, ret) : r;
    }
    list = (struct list *)answer;
    list->filter = filter;
    r = list_pieces(namespace, &list->pieces);
    if (r < 0) {
        answer_free(answer);
        return r;
    }
    *ret = answer;
    return 0;
}

/* --- a stream of events */

struct events {
    struct answer answer;
    struct stream *stream;
};

static int events_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    int r = stream_next_many(((struct events *)answer)->stream, slice, ret);

    if (r < 0)
        return r;
    return r > 0 ? ANSWER_PIECE : ANSWER_WAITS;
}

static void events_free(struct answer *answer)
{
    stream_free(((struct events *)answer)->stream);
    free(answer);
}

int answer_stream(struct waitlist *news, struct stream *stream, struct answer **ret)
{
    static const struct answer_kind kind = {
        .next = events_next, .free = events_free, .endless = true};
    struct events *events = new_answer(&kind, news, sizeof(*events));

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
    struct source_request request;
    int (*make)(struct namespace *namespace, int done, struct buffer **ret);
    bool answered;
};

static int refresh_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    struct refresh *refresh = (struct refresh *)answer;
    int done = source_dump_done(namespace_source(refresh->namespace), &refresh->request);
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
        return dump_failure(namespace, ret);
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
    struct refresh *refresh = new_answer(&kind, namespace_dumps(namespace), sizeof(*refresh));

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
    struct source *source = namespace_source(namespace);
    struct refresh *refresh = new_refresh(namespace);

    if (!refresh)
        return -ENOMEM;
    refresh->make = make_entered;
    if (!source_is_fresh(source))
        refresh->request = source_request_dump(source);
    *ret = &refresh->answer;
    return 0;
}
