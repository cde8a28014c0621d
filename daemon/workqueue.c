/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/workqueue.h"

#include <ev.h>
#include <stdlib.h>

struct workqueue {
    struct ev_loop *loop;
    struct ev_check urgent; /* before all others */
    struct ev_check round;  /* behind all others */
    struct ev_idle more;    /* the loop does not wait for events while a job waits */
    int64_t (*clock)(void);
    TAILQ_HEAD(shares, workqueue_share) shares;
    int64_t woke;
    /* What runs now; NULL once it was removed. */
    struct job *job;
    struct workqueue_share *share;
};

static void on_urgent(struct ev_loop *loop, struct ev_check *check, int events)
{
    struct workqueue *queue = check->data;

    (void)loop;
    (void)events;
    queue->woke = queue->clock();
}

static int64_t round_length(int64_t urgent)
{
    if (urgent < WORKQUEUE_ROUND_MIN_USEC)
        return WORKQUEUE_ROUND_MIN_USEC;
    return urgent < WORKQUEUE_ROUND_MAX_USEC ? urgent : WORKQUEUE_ROUND_MAX_USEC;
}

/* Events and all else take turns. */
static struct job *next_job(struct workqueue_share *share)
{
    struct job *job = TAILQ_FIRST(&share->jobs[share->next]);

    if (!job)
        job = TAILQ_FIRST(&share->jobs[!share->next]);
    share->next = !job->priority;
    return job;
}

static void take_out(struct workqueue *queue, struct job *job)
{
    struct workqueue_share *share = job->share;

    job->waiting = false;
    TAILQ_REMOVE(&share->jobs[job->priority], job, entry);
    for (int i = 0; i < WORKQUEUE_PRIORITIES; i++)
        if (!TAILQ_EMPTY(&share->jobs[i]))
            return;
    share->waiting = false;
    TAILQ_REMOVE(&queue->shares, share, entry);
    if (TAILQ_EMPTY(&queue->shares))
        ev_idle_stop(queue->loop, &queue->more);
}

static void note_speed(struct job *job, bool over)
{
    if (job->waiting && over)
        job->slow = true;
    else if (!job->waiting && !job->continues)
        job->slow = false;
    job->continues = job->waiting;
}

static void charge(struct workqueue *queue, struct workqueue_share *share, int64_t took)
{
    share->left -= took;
    if (!share->waiting || share->left > 0)
        return;
    share->left = WORKQUEUE_SLICE_USEC;
    TAILQ_REMOVE(&queue->shares, share, entry);
    TAILQ_INSERT_TAIL(&queue->shares, share, entry);
}

/* The next job of the next user; gives the time afterwards. */
static int64_t serve_one(struct workqueue *queue, int64_t now)
{
    struct workqueue_share *share = TAILQ_FIRST(&queue->shares);
    struct job *job = next_job(share);
    struct slice slice = {.clock = queue->clock, .end = now + share->left};
    int64_t end;

    queue->job = job;
    queue->share = share;
    take_out(queue, job);
    job->run(job->user, &slice);
    end = queue->clock();
    if (queue->job)
        note_speed(job, end >= slice.end);
    if (queue->share)
        charge(queue, share, end - now);
    queue->job = NULL;
    queue->share = NULL;
    return end;
}

static void on_round(struct ev_loop *loop, struct ev_check *check, int events)
{
    struct workqueue *queue = check->data;
    int64_t now = queue->clock();
    int64_t end = now + round_length(now - queue->woke);

    (void)loop;
    (void)events;
    while (now < end && !TAILQ_EMPTY(&queue->shares))
        now = serve_one(queue, now);
}

static void on_more(struct ev_loop *loop, struct ev_idle *idle, int events)
{
    (void)loop;
    (void)idle;
    (void)events;
}

struct workqueue *workqueue_new(struct ev_loop *loop, int64_t (*clock)(void))
{
    struct workqueue *queue = calloc(1, sizeof(*queue));

    if (!queue)
        return NULL;
    queue->loop = loop;
    queue->clock = clock;
    TAILQ_INIT(&queue->shares);
    ev_check_init(&queue->urgent, on_urgent);
    ev_check_init(&queue->round, on_round);
    ev_idle_init(&queue->more, on_more);
    /* Of watchers of one priority, those that libev checked last are called first; these are
     * the last. */
    ev_set_priority(&queue->urgent, EV_MAXPRI);
    ev_set_priority(&queue->round, EV_MINPRI);
    ev_set_priority(&queue->more, EV_MINPRI);
    queue->urgent.data = queue->round.data = queue;
    ev_check_start(loop, &queue->urgent);
    ev_check_start(loop, &queue->round);
    return queue;
}

struct workqueue *workqueue_free(struct workqueue *queue)
{
    if (!queue)
        return NULL;
    ev_check_stop(queue->loop, &queue->urgent);
    ev_check_stop(queue->loop, &queue->round);
    ev_idle_stop(queue->loop, &queue->more);
    free(queue);
    return NULL;
}

void workqueue_add(struct workqueue *queue, struct job *job, enum workqueue_priority priority)
{
    struct workqueue_share *share = job->share;

    if (job->waiting)
        return;
    job->waiting = true;
    job->priority = job->slow || queue->job == job ? WORKQUEUE_REQUESTS : priority;
    TAILQ_INSERT_TAIL(&share->jobs[job->priority], job, entry);
    if (share->waiting)
        return;
    share->waiting = true;
    if (queue->share == share) {
        /* Who comes back in its own slice has the rest of it. */
        TAILQ_INSERT_HEAD(&queue->shares, share, entry);
    } else {
        share->left = WORKQUEUE_SLICE_USEC;
        TAILQ_INSERT_TAIL(&queue->shares, share, entry);
    }
    ev_idle_start(queue->loop, &queue->more);
}

void workqueue_remove(struct workqueue *queue, struct job *job)
{
    if (queue->job == job)
        queue->job = NULL;
    if (job->waiting)
        take_out(queue, job);
}

void workqueue_remove_share(struct workqueue *queue, const struct workqueue_share *share)
{
    if (queue->share == share)
        queue->share = NULL;
}

void workqueue_share_init(struct workqueue_share *share)
{
    *share = (struct workqueue_share){.left = WORKQUEUE_SLICE_USEC};
    for (int i = 0; i < WORKQUEUE_PRIORITIES; i++)
        TAILQ_INIT(&share->jobs[i]);
}
