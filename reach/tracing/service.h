/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all operations share: the range of descriptors for the program's sockets, the subscriptions,
 * and the known processes of the program.
 *
 * All operations on the program's sockets are performed by the program itself, in injected calls:
 * the kernel checks the privileges of the sender, and those of linkwatch-run may differ from the
 * program's. */
#ifndef REACH_TRACING_SERVICE_H
#define REACH_TRACING_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "reach/process_set.h"
#include "reach/serving.h"
#include "reach/tracing/injection.h"
#include "reach/tracing/networks.h"
#include "reach/tracing/seccomp.h"
#include "reach/tracing/thread.h"

/* How duplicates of the program's sockets are got. */
struct duplicator {
    bool is_sent_them; /* the program sends them to us */
    unsigned spoilt;   /* sockets that somebody else sent other descriptors to */
};

struct service {
    struct threads threads;
    struct range range;
    bool misses_any; /* a filter above ours answers subscriptions before we see them */
    struct quirks quirks;
    struct serving serving;
    struct networks *networks;
    struct duplicator duplicator;
    struct process_set confined; /* processes with a seccomp filter of their own */
    bool confines_all;           /* there was no memory for one of these */
    size_t confining;            /* operations that install one for all threads of a process */
    int64_t wake;      /* when the first receive is woken, as timeout_clock(); 0 for never */
    bool review_pends; /* of all subscriptions */
    int64_t reviewed;  /* when they were, as timeout_clock() */
};

/* A process has a seccomp filter of its own, which may kill it for any call that it does not make
 * itself: nothing is injected into it from now on. */
void service_confine(struct service *service, pid_t process);
bool service_has_confined(const struct service *service);
/* Whether the thread's process has such a filter, or another thread is about to install one for all
 * threads. */
bool service_is_confined(const struct service *service, struct thread *thread);

/* That process may not have its sockets any more. What was closed in ways that are not traced is
 * found by a review of all subscriptions: milliseconds until one is due (-1: none is), and the
 * review, if it is. */
void service_review(struct service *service, pid_t process);
int service_timeout(const struct service *service);
void service_review_all(struct service *service);

#endif
