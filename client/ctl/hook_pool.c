/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/hook_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "client/ctl/hook_queue.h"

struct hook_pool {
    const struct hook_commands *commands;
    struct hook_queue *queue;
    struct hook_job **jobs; /* that run; NULL in free places */
    size_t places;
    bool stopped;
};

struct hook_pool *hook_pool_new(const struct hook_commands *commands, size_t parallel)
{
    struct hook_pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return NULL;
    pool->commands = commands;
    pool->places = parallel;
    pool->queue = hook_queue_new();
    pool->jobs = calloc(parallel, sizeof(*pool->jobs));
    return pool->queue && pool->jobs ? pool : hook_pool_free(pool);
}

struct hook_pool *hook_pool_free(struct hook_pool *pool)
{
    if (!pool)
        return NULL;
    for (size_t i = 0; pool->jobs && i < pool->places; i++)
        hook_job_free(pool->jobs[i]);
    free(pool->jobs);
    hook_queue_free(pool->queue);
    free(pool);
    return NULL;
}

int hook_pool_add(struct hook_pool *pool, struct hook_event *event)
{
    return hook_queue_add(pool->queue, event);
}

static struct hook_job **find_job(const struct hook_pool *pool, pid_t pid)
{
    for (size_t i = 0; i < pool->places; i++)
        if (pool->jobs[i] && hook_job_pid(pool->jobs[i]) == pid)
            return &pool->jobs[i];
    return NULL;
}

static void reap(struct hook_pool *pool, int64_t now)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct hook_job **job = find_job(pool, pid);

        if (!job || !hook_job_ended(*job, status, now))
            continue;
        if (!pool->stopped)
            hook_queue_done(pool->queue, hook_event_ifindex(hook_job_event(*job)));
        *job = hook_job_free(*job);
    }
}

static int begin_job(struct hook_pool *pool, struct hook_event *event, int64_t now,
                     struct hook_job **place)
{
    int ifindex = hook_event_ifindex(event);
    int r = hook_job_new(pool->commands, event, now, place);

    if (r == -ENOMEM)
        return r;
    /* What else cannot be run was reported. */
    if (!*place)
        hook_queue_done(pool->queue, ifindex);
    return 0;
}

int hook_pool_process(struct hook_pool *pool, int64_t now)
{
    struct hook_event event;
    int r = 0;

    reap(pool, now);
    for (size_t i = 0; i < pool->places; i++) {
        if (pool->jobs[i])
            hook_job_tick(pool->jobs[i], now);
        while (r >= 0 && !pool->stopped && !pool->jobs[i] && hook_queue_next(pool->queue, &event))
            r = begin_job(pool, &event, now, &pool->jobs[i]);
    }
    return r;
}

int64_t hook_pool_deadline(const struct hook_pool *pool)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < pool->places; i++)
        if (pool->jobs[i] && hook_job_deadline(pool->jobs[i]) < first)
            first = hook_job_deadline(pool->jobs[i]);
    return first;
}

void hook_pool_stop(struct hook_pool *pool, int64_t now)
{
    pool->stopped = true;
    for (size_t i = 0; i < pool->places; i++)
        if (pool->jobs[i])
            hook_job_stop(pool->jobs[i], now);
}

bool hook_pool_is_idle(const struct hook_pool *pool)
{
    return hook_queue_is_idle(pool->queue);
}

bool hook_pool_runs(const struct hook_pool *pool)
{
    for (size_t i = 0; i < pool->places; i++)
        if (pool->jobs[i])
            return true;
    return false;
}
