/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/thread.h"

#include <stdlib.h>

#include "reach/process.h"

static int compare(const struct thread *a, const struct thread *b)
{
    return (a->tid > b->tid) - (a->tid < b->tid);
}

RB_GENERATE(threads, thread, node, compare)

struct thread *threads_find(const struct threads *threads, pid_t tid)
{
    struct thread wanted = {.tid = tid};

    return RB_FIND(threads, (struct threads *)threads, &wanted);
}

struct thread *threads_get(struct threads *threads, pid_t tid)
{
    struct thread *thread = threads_find(threads, tid);

    if (thread)
        return thread;
    thread = calloc(1, sizeof(*thread));
    if (!thread)
        return NULL;
    thread->tid = tid;
    RB_INSERT(threads, threads, thread);
    return thread;
}

void threads_remove(struct threads *threads, struct thread *thread)
{
    RB_REMOVE(threads, threads, thread);
    free(thread);
}

pid_t thread_process(struct thread *thread)
{
    if (thread->process == 0)
        thread->process = process_of_thread(thread->tid);
    return thread->process;
}
