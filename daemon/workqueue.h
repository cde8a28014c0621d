/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work that can wait: who is served next, and for how long. Time is shared between users, then
 * between the connections of each user. Urgent work (the kernel's messages) has priority in each
 * iteration of the event loop, and waits for one round at most.
 *
 * Users are served in turn, each for one slice of time. The jobs of one user are served in the
 * order in which they were added; those that deliver events alternate with all others. A job that
 * does not finish within its slice continues among the others, and begins there the next time. */
#ifndef LINKWATCH_DAEMON_WORKQUEUE_H
#define LINKWATCH_DAEMON_WORKQUEUE_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/slice.h"

struct ev_loop;
struct workqueue;

/* The time for one user before the next user is served. */
#define WORKQUEUE_SLICE_USEC INT64_C(20)
/* The time of a round, the work between two checks for urgent work: as long as the last urgent work
 * took, within these bounds. */
#define WORKQUEUE_ROUND_MIN_USEC INT64_C(20)
#define WORKQUEUE_ROUND_MAX_USEC INT64_C(200)

enum workqueue_priority { WORKQUEUE_EVENTS, WORKQUEUE_REQUESTS, WORKQUEUE_PRIORITIES };

TAILQ_HEAD(workqueue_jobs, job);

/* A user's share of the time. Belongs to the owner; initialized by workqueue_share_init(). */
struct workqueue_share {
    TAILQ_ENTRY(workqueue_share) entry;
    struct workqueue_jobs jobs[WORKQUEUE_PRIORITIES];
    enum workqueue_priority next;
    bool waiting;
    int64_t left; /* remaining time of its slice */
};

/* Belongs to the owner, which sets the first three members. run() is called by the loop; it may
 * free the job and the share after they were removed, and adds the job again if it has more to do.
 */
struct job {
    void (*run)(void *user, struct slice *slice);
    void *user;
    struct workqueue_share *share;
    TAILQ_ENTRY(job) entry;
    enum workqueue_priority priority;
    bool waiting;
    bool continues; /* it did not finish within its slice */
    bool slow;      /* it took more than one slice the last time */
};

/* clock: a monotonic clock, in microseconds. NULL if out of memory. */
struct workqueue *workqueue_new(struct ev_loop *loop, int64_t (*clock)(void));

/* No job may be queued any more. */
struct workqueue *workqueue_free(struct workqueue *queue);

/* Adds a job at the end, unless it is queued already. */
void workqueue_add(struct workqueue *queue, struct job *job, enum workqueue_priority priority);

/* Removes it if it is queued; must be called before a job or a share is freed. */
void workqueue_remove(struct workqueue *queue, struct job *job);
void workqueue_remove_share(struct workqueue *queue, const struct workqueue_share *share);

void workqueue_share_init(struct workqueue_share *share);

#endif
