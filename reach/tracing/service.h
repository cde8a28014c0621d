/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What we do about the program's calls on rtnetlink sockets: move its sockets into the range,
 * make subscriptions of ours out of those that the kernel denies, let requests to groups go to
 * the kernel alone.
 *
 * Whatever is done with its sockets, the program does itself, in calls that are injected into
 * it: the kernel asks who sends, and our rights may be others than the program's. */
#ifndef REACH_TRACING_SERVICE_H
#define REACH_TRACING_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

#include "reach/serving.h"
#include "reach/tracing/confined.h"
#include "reach/tracing/duplicate.h"
#include "reach/tracing/injection.h"
#include "reach/tracing/networks.h"
#include "reach/tracing/operation.h"
#include "reach/tracing/seccomp.h"
#include "reach/tracing/watch.h"

struct service {
    struct range range;
    bool misses_any; /* a filter above ours answers subscriptions before we see them */
    struct quirks quirks;
    struct serving serving;
    struct networks *networks;
    struct duplicator *duplicator;
    struct confined *confined;
    struct watches *watches;
    struct operation *operations;
    bool review_pends; /* of all subscriptions */
    int64_t reviewed;  /* when they were, as timeout_clock() */
};

/* The thread stands at the entry of a call; with enters, a stop at that entry comes yet.
 * Whether something is done about it: then it is to be resumed so that it stops at entries
 * and exits until that is over. */
bool service_begin(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                   bool enters);
/* Whether nothing is to be injected into the thread, since a filter of its process's own may kill
 * for that: one that is there, or one that another thread is about to install for all. */
bool service_is_confined(const struct service *service, pid_t tid);
bool service_has(const struct service *service, pid_t tid);
/* Such a thread stopped at an entry or an exit. */
void service_step(struct service *service, pid_t tid);
/* That process may not have its sockets any more. Whatever else was closed meanwhile in ways that
 * aren't traced is found by a review of all: milliseconds until it is due (-1: none is), and the
 * review, if it is. */
void service_review(struct service *service, pid_t process);
int service_timeout(const struct service *service);
void service_review_all(struct service *service);
/* The thread is gone. */
void service_forget(struct service *service, pid_t tid);
void service_free_operations(struct service *service);

#endif
