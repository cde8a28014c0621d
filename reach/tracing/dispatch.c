/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/dispatch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "reach/process.h"
#include "reach/tracing/duplicate.h"
#include "reach/tracing/operation.h"
#include "reach/tracing/tracee.h"
#include "reach/tracing/watch.h"

/* A network namespace is let go of with its last socket. */
static int on_closed(struct service *service, struct operation *operation, int64_t result)
{
    if (subscriptions_review_one(&service->serving.subscriptions, operation->inode))
        networks_review(service->networks);
    return operation_end(operation, result);
}

static int close_call_begin(struct service *service, struct operation *operation)
{
    (void)service;
    return operation_run_original(operation, on_closed);
}

typedef int operation_beginning(struct service *service, struct operation *operation);

static bool is_subscribed(const struct service *service, uint64_t inode)
{
    return inode != 0 && subscriptions_find(&service->serving.subscriptions, inode);
}

/* What is to be done about a call on a socket; NULL if nothing is. */
static operation_beginning *choose_for_socket(const struct service *service, struct thread *thread,
                                              const struct user_regs_struct *registers,
                                              uint64_t *ret_inode)
{
    bool idle = subscriptions_is_empty(&service->serving.subscriptions);
    int fd = (int)registers->rdi;

    switch (registers->orig_rax) {
    case SYS_bind:
    case SYS_setsockopt:
        /* The sockets of a process that was confined before could not be moved. */
        if (!range_has(&service->range, fd) && !service_has_confined(service))
            return NULL;
        *ret_inode = process_socket(thread->tid, fd);
        return *ret_inode != 0 ? subscribe_call_begin : NULL;
    case SYS_sendto:
        if (registers->r9 == 0)
            return NULL;
        /* fall through */
    case SYS_sendmsg:
    case SYS_sendmmsg:
    case SYS_close:
        *ret_inode = idle ? 0 : process_socket(thread->tid, fd);
        if (!is_subscribed(service, *ret_inode))
            return NULL;
        return registers->orig_rax == SYS_close ? close_call_begin : send_call_begin;
    }
    return NULL;
}

static operation_beginning *choose(const struct service *service, struct thread *thread,
                                   const struct user_regs_struct *registers, uint64_t *ret_inode)
{
    switch (registers->orig_rax) {
    case SYS_seccomp:
    case SYS_prctl:
        return filter_call_begin;
    case SYS_socket:
        return service_is_confined(service, thread) && !service->misses_any ? NULL
                                                                            : socket_call_begin;
    }
    return choose_for_socket(service, thread, registers, ret_inode);
}

/* A socket of the range gets another number, too. */
static bool copies(const struct service *service, const struct user_regs_struct *registers)
{
    switch (registers->orig_rax) {
    case SYS_fcntl:
        if (registers->rsi != F_DUPFD && registers->rsi != F_DUPFD_CLOEXEC)
            return false;
        /* fall through */
    case SYS_dup:
    case SYS_dup2:
    case SYS_dup3:
        return range_has(&service->range, (int)registers->rdi);
    }
    return false;
}

/* What a call on a socket means for how long its process is watched. */
static void follow_watch(const struct thread *thread, const struct user_regs_struct *registers)
{
    int fd = (int)registers->rdi;

    switch (registers->orig_rax) {
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
        watch_sends(thread, fd);
        break;
    case SYS_close:
        watch_closes(thread, fd);
        break;
    }
}

void dispatch_begin(struct service *service, struct thread *thread,
                    const struct user_regs_struct *registers, bool enters)
{
    struct operation *operation;
    operation_beginning *begin;
    uint64_t inode = 0;

    if (copies(service, registers)) {
        subscriptions_copied(&service->serving.subscriptions);
        watch_copies(thread);
    }
    follow_watch(thread, registers);
    begin = choose(service, thread, registers, &inode);
    if (!begin || tracee_hold(thread->tid, registers) < 0)
        return;
    operation = operation_new(thread, registers, &service->quirks, enters);
    if (operation) {
        operation->inode = inode;
        operation->fd = (int)registers->rdi;
    }
    thread->operation = operation;
    if (!operation || begin(service, operation) < 0) {
        dispatch_forget(service, thread);
        tracee_release(thread->tid);
    }
}

void dispatch_forget(struct service *service, struct thread *thread)
{
    struct operation *operation = thread->operation;

    if (!operation)
        return;
    thread->operation = NULL;
    service->confining -= operation->confines;
    duplicator_drop(&service->duplicator, operation);
    operation_free(operation);
}

void dispatch_step(struct service *service, struct thread *thread)
{
    struct operation *operation = thread->operation;
    int r = operation_advance(service, operation);

    /* It is to have its own registers back, whatever went wrong. */
    if (r < 0 && r != -ESRCH && !operation->over)
        injection_end(&operation->injection, operation->result);
    if (r < 0 || operation->over) {
        dispatch_forget(service, thread);
        tracee_release(thread->tid);
    }
}
