/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A watch of a process: its threads stop at each of their system calls for a while. It begins when
 * the process creates an rtnetlink socket under an outer seccomp filter that answers subscriptions
 * before the tracer sees them, because any of the threads may be the one that subscribes. */
#ifndef REACH_TRACING_WATCH_H
#define REACH_TRACING_WATCH_H

#include "reach/tracing/thread.h"

/* The thread, which stands still, made that socket: its process is watched from now on, and its
 * other threads are interrupted. Without memory it is not watched. */
void watch_begin(struct threads *threads, struct thread *thread, int fd);
/* It sends on that socket: when it has done so on each that it made, it is watched for a few more
 * calls only. */
void watch_sends(const struct thread *thread, int fd);
/* It closes that socket: without one that it made it is not watched any more. */
void watch_closes(const struct thread *thread, int fd);
/* It copies one of its descriptors: a socket that it closes may live on. */
void watch_copies(const struct thread *thread);
/* The thread made a new one, in its own process or in a copy of that. */
void watch_inherit(struct thread *parent, struct thread *child);
/* It made a call. After many of them its process is not watched any more. */
void watch_count(const struct thread *thread);

/* It stopped for another reason. Any stop of a thread takes an interruption that is under way from
 * it, but not what that did to its call. */
void watch_interrupt_again(const struct thread *thread);
/* It was interrupted: its call goes on as if nothing had been. */
void watch_mend(struct thread *thread);

/* The thread is gone, or another program's. */
void watch_leave(struct thread *thread);

#endif
