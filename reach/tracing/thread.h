/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The traced threads, by thread ID, and the operation in progress in each. */
#ifndef REACH_TRACING_THREAD_H
#define REACH_TRACING_THREAD_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct operation;
struct receive;
struct watch;

struct thread {
    RB_ENTRY(thread) node;
    pid_t tid;
    pid_t process; /* as thread_process(): 0 before that was called */
    /* It has inherited from its maker. A new thread stops, as does its maker, in any
     * order; the second of the two stops may be late, and its process something else by then. */
    bool is_heir;
    bool interrupted; /* by a watch, and has not stopped since */
    struct operation *operation;
    struct receive *receive;
    int64_t delay; /* until the next receive is woken, if that is not the first time */
    struct watch *watch;
    LIST_ENTRY(thread) sibling; /* among those of the watch */
};

/* Empty if it is all zero. */
RB_HEAD(threads, thread);
RB_PROTOTYPE(threads, thread, node, compare)

struct thread *threads_find(const struct threads *threads, pid_t tid);
/* Adds it if it is new; NULL for lack of memory. */
struct thread *threads_get(struct threads *threads, pid_t tid);
/* Nothing is under way in it any more. */
void threads_remove(struct threads *threads, struct thread *thread);

/* The process that it belongs to. */
pid_t thread_process(struct thread *thread);

#endif
