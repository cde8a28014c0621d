/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answer to List. */
#include "daemon/answer.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/filter.h"
#include "daemon/message.h"
#include "protocol/clock.h"

/* What is given next; the end of a reply comes after the text, the beginning and the link or
 * address itself. */
enum list_piece { LIST_ALL, LIST_HEAD_PIECE, LIST_TEXT, LIST_TAIL, LIST_OVER };

struct list {
    struct answer answer;
    struct namespace *namespace;
    struct user *user;
    struct filter *filter;
    struct filter_progress progress;
    struct message_list pieces;
    enum list_piece piece;
    struct object *found; /* the next one that passes; NULL until it is known, or for none */
    size_t next;
    size_t count;
    size_t capacity;
    struct object **objects; /* references */
    int64_t now;             /* when they were taken */
};

static size_t held_by(size_t count)
{
    return count * sizeof(void *);
}

/* The next one that passes: 1 if that is known, though there may be none. */
static int find_object(struct list *list, const struct slice *slice)
{
    list->found = NULL;
    while (list->next < list->count) {
        struct object *object = list->objects[list->next];
        int r = filter_passes_object(list->filter, object, &list->progress, slice);

        if (r < 0)
            return r;
        list->next++;
        if (r > 0) {
            list->found = object;
            return 1;
        }
        if (slice_is_over(slice))
            return -EAGAIN;
    }
    return 1;
}

static struct buffer *head_of(const struct list *list)
{
    return list->found ? list->pieces.heads[list->found->subject] : list->pieces.none;
}

static bool never_dumped(const struct list *list)
{
    return namespace_subjects(list->namespace)->reports[SUBJECT_LINKS]->last_dump_usec < 0;
}

static bool has(const struct list *list, enum subject_number subject)
{
    return filter_subjects(list->filter) & (1U << subject);
}

static void take_links(struct list *list, const struct table *table)
{
    struct link *link = NULL;

    while (list->count < list->capacity && (link = table_next(table, link ? link->ifindex : 0)))
        list->objects[list->count++] = object_ref(&link->object);
}

static void take_addresses(struct list *list, const struct address_table *table)
{
    struct address *address = NULL;

    while (list->count < list->capacity &&
           (address = address_table_next(table, address ? &address->key : NULL)))
        list->objects[list->count++] = object_ref(&address->object);
}

/* Takes a reference to each link and address: what is listed is true for one position. -EUSERS:
 * Lists of the user hold too much already. */
static int take_all(struct list *list)
{
    const struct subjects *subjects = namespace_subjects(list->namespace);
    const struct table *links = has(list, SUBJECT_LINKS) ? subjects->links.table : NULL;
    const struct address_table *addresses =
        has(list, SUBJECT_ADDRESSES) ? subjects_addresses(subjects) : NULL;
    size_t count =
        (links ? table_count(links) : 0) + (addresses ? address_table_count(addresses) : 0);

    if (!quota_take(&list->user->lists, held_by(count)))
        return -EUSERS;
    list->capacity = count;
    list->objects = calloc(count ? count : 1, sizeof(*list->objects));
    if (!list->objects)
        return -ENOMEM;
    if (links)
        take_links(list, links);
    if (addresses)
        take_addresses(list, addresses);
    return 0;
}

/* Why there is no list. */
static int give_error(struct list *list, struct buffer **ret)
{
    int r;

    if (never_dumped(list))
        r = answer_dump_failure(list->namespace, ret);
    else
        r = message_error("org.linkwatch.Links.LimitReached",
                          json_pack("{s:s}", "limit", "list-memory"), ret);
    list->piece = LIST_OVER;
    return r < 0 ? r : ANSWER_PIECE;
}

/* Everything is there to be listed from now on. As take_all(), which it begins with. */
static int begin(struct list *list)
{
    const struct history *history = namespace_history(list->namespace);
    unsigned subjects = filter_subjects(list->filter) | SUBJECT_BIT(LINKS);
    int r = never_dumped(list) ? -EUSERS : take_all(list);

    if (r < 0)
        return r;
    list->piece = LIST_HEAD_PIECE;
    list->now = clock_usec(CLOCK_MONOTONIC);
    return message_list_new(history_instance(history), history_newest(history),
                            namespace_subjects(list->namespace)->reports, subjects, &list->pieces);
}

static bool waits_for_addresses(const struct list *list)
{
    return has(list, SUBJECT_ADDRESSES) && !subjects_addresses(namespace_subjects(list->namespace));
}

/* Whether there is another one decides how a reply ends. */
static int list_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    struct list *list = (struct list *)answer;
    struct buffer *text;
    int r;

    switch (list->piece) {
    case LIST_ALL:
        if (waits_for_addresses(list))
            return ANSWER_WAITS;
        r = begin(list);
        if (r < 0)
            return r == -EUSERS ? give_error(list, ret) : r;
        __attribute__((fallthrough));
    case LIST_HEAD_PIECE:
        r = list->found ? 1 : find_object(list, slice);
        if (r < 0)
            return r;
        *ret = buffer_ref(head_of(list));
        list->piece = list->found ? LIST_TEXT : LIST_OVER;
        return ANSWER_PIECE;
    case LIST_TEXT:
        /* That of a link is there already, or kept for the next who asks: nobody copies it. */
        text = message_object_text(list->found, list->now);
        if (!text)
            return -ENOMEM;
        *ret = text;
        list->piece = LIST_TAIL;
        return ANSWER_PIECE;
    case LIST_TAIL:
        r = find_object(list, slice);
        if (r < 0)
            return r;
        *ret = buffer_ref(list->found ? list->pieces.more : list->pieces.last);
        list->piece = list->found ? LIST_HEAD_PIECE : LIST_OVER;
        return ANSWER_PIECE;
    case LIST_OVER:
        break;
    }
    return ANSWER_END;
}

static void list_free(struct answer *answer)
{
    struct list *list = (struct list *)answer;

    quota_give(&list->user->lists, held_by(list->capacity));
    for (size_t i = 0; i < list->count; i++)
        object_unref(list->objects[i]);
    free(list->objects);
    message_list_clear(&list->pieces);
    filter_free(list->filter);
    free(list);
}

int answer_list(struct namespace *namespace, struct user *user, struct filter *filter,
                struct answer **ret)
{
    static const struct answer_kind kind = {.next = list_next, .free = list_free};
    struct source *follows =
        filter_subjects(filter) & SUBJECT_BIT(ADDRESSES) ? namespace_source(namespace) : NULL;
    struct list *list =
        answer_new_following(&kind, namespace_news(namespace), sizeof(*list), follows);

    if (!list) {
        filter_free(filter);
        return -ENOMEM;
    }
    list->namespace = namespace;
    list->user = user;
    list->filter = filter;
    *ret = &list->answer;
    return 0;
}
