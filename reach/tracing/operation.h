/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An operation around one call of a thread, from its entry until it is complete: a sequence of
 * calls in the thread, after each of which a function selects the next one. Operations of many
 * threads can be in progress at the same time; each continues when its thread stops. */
#ifndef REACH_TRACING_OPERATION_H
#define REACH_TRACING_OPERATION_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "reach/policy.h"
#include "reach/tracing/injection.h"

struct operation;
struct service;
struct thread;

/* The current call is over, with that result. Begins the next call, or ends the operation by
 * operation_end(), whose result it returns; -errno drops the operation. */
typedef int operation_step(struct service *service, struct operation *operation, int64_t result);
/* The same after a step of several calls, or none. error is 0 or -errno. */
typedef int operation_done(struct service *service, struct operation *operation, int error);

struct operation {
    struct thread *thread;
    struct injection injection;
    operation_step *then;
    operation_done *page_is_there;
    operation_done *duplicate_is_there;
    bool over;
    bool confines; /* installs a filter for all threads of its process */

    int64_t result; /* that the program gets */
    int64_t fd;     /* that the call is about */
    uint64_t inode; /* of that socket */
    struct sockaddr_nl address;
    struct ruling ruling;
    int duplicate;   /* -1 for none */
    int destination; /* where one is sent to, -1 for none */
    int64_t sender;  /* the program's socket that sends the duplicate */
    int64_t sent;
};

struct operation *operation_new(struct thread *thread, const struct user_regs_struct *registers,
                                const struct quirks *quirks, bool enters);
struct operation *operation_free(struct operation *operation);

/* Begins the thread's own call. */
int operation_run_original(struct operation *operation, operation_step *then);
/* Begins another call. */
int operation_run(struct operation *operation, long number, const uint64_t arguments[6],
                  operation_step *then);
/* Continues when a page is mapped, or at once if one is. */
int operation_need_page(struct service *service, struct operation *operation, operation_done *then);
/* Ends the thread's own call with that result. */
int operation_end(struct operation *operation, int64_t result);

/* The thread stopped at an entry or an exit. */
int operation_advance(struct service *service, struct operation *operation);

/* What is done about each kind of call. Each function begins an operation, in which the thread's
 * own call is made; -errno: nothing is done. */

/* An rtnetlink socket is made. */
int socket_call_begin(struct service *service, struct operation *operation);
/* A socket is bound, or gets an option of SOL_NETLINK. */
int subscribe_call_begin(struct service *service, struct operation *operation);
/* Something is sent on a socket that is served. */
int send_call_begin(struct service *service, struct operation *operation);
/* The program installs a seccomp filter. */
int filter_call_begin(struct service *service, struct operation *operation);

#endif
