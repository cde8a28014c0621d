/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/hook_queue.h"

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <errno.h>
#include <stdlib.h>

#define WAITING_MAX 2

/* A link that has events. */
struct subject {
    RB_ENTRY(subject) node;
    TAILQ_ENTRY(subject) ready_node; /* while it is in the queue */
    int ifindex;
    bool handled; /* one of its events is */
    struct hook_event waiting[WAITING_MAX];
    size_t count;
};

RB_HEAD(subject_tree, subject);

struct hook_queue {
    struct subject_tree subjects;
    TAILQ_HEAD(ready, subject) ready; /* with events that may be handled */
};

static int compare(const struct subject *a, const struct subject *b)
{
    return (a->ifindex > b->ifindex) - (a->ifindex < b->ifindex);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(subject_tree, subject, node, compare, STATIC)

struct hook_queue *hook_queue_new(void)
{
    struct hook_queue *queue = calloc(1, sizeof(*queue));

    if (!queue)
        return NULL;
    RB_INIT(&queue->subjects);
    TAILQ_INIT(&queue->ready);
    return queue;
}

static void forget(struct hook_queue *queue, struct subject *subject)
{
    RB_REMOVE(subject_tree, &queue->subjects, subject);
    for (size_t i = 0; i < subject->count; i++)
        hook_event_clear(&subject->waiting[i]);
    free(subject);
}

struct hook_queue *hook_queue_free(struct hook_queue *queue)
{
    if (!queue)
        return NULL;
    while (!RB_EMPTY(&queue->subjects))
        forget(queue, RB_ROOT(&queue->subjects));
    free(queue);
    return NULL;
}

static struct subject *find(struct hook_queue *queue, int ifindex)
{
    struct subject key = {.ifindex = ifindex};

    return RB_FIND(subject_tree, &queue->subjects, &key);
}

static struct subject *get(struct hook_queue *queue, int ifindex)
{
    struct subject *subject = find(queue, ifindex);

    if (subject)
        return subject;
    subject = calloc(1, sizeof(*subject));
    if (!subject)
        return NULL;
    subject->ifindex = ifindex;
    RB_INSERT(subject_tree, &queue->subjects, subject);
    return subject;
}

/* The one before the last is of another link, unless what came last is its removal: then, of the
 * link in between, nothing is left to report. */
static void join_removals(struct subject *subject)
{
    struct hook_event *first = &subject->waiting[0], *last = &subject->waiting[1];

    if (subject->count < WAITING_MAX || first->type != EVENT_REMOVE || last->type != EVENT_REMOVE)
        return;
    first->skipped += last->skipped + 1;
    hook_event_clear(last);
    subject->count--;
}

int hook_queue_add(struct hook_queue *queue, struct hook_event *event)
{
    struct subject *subject = get(queue, hook_event_ifindex(event));

    if (!subject) {
        hook_event_clear(event);
        return -ENOMEM;
    }
    if (subject->count > 0 && hook_event_merge(&subject->waiting[subject->count - 1], event)) {
        join_removals(subject);
        return 0;
    }
    if (subject->count == 0 && !subject->handled)
        TAILQ_INSERT_TAIL(&queue->ready, subject, ready_node);
    subject->waiting[subject->count++] = *event;
    join_removals(subject);
    return 0;
}

bool hook_queue_next(struct hook_queue *queue, struct hook_event *ret)
{
    struct subject *subject = TAILQ_FIRST(&queue->ready);

    if (!subject)
        return false;
    TAILQ_REMOVE(&queue->ready, subject, ready_node);
    *ret = subject->waiting[0];
    subject->waiting[0] = subject->waiting[1];
    subject->count--;
    subject->handled = true;
    return true;
}

void hook_queue_done(struct hook_queue *queue, int ifindex)
{
    struct subject *subject = find(queue, ifindex);

    subject->handled = false;
    if (subject->count > 0)
        TAILQ_INSERT_TAIL(&queue->ready, subject, ready_node);
    else
        forget(queue, subject);
}

bool hook_queue_is_idle(const struct hook_queue *queue)
{
    return RB_EMPTY(&queue->subjects);
}
