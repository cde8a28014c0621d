/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bind() and setsockopt(): subscriptions that the kernel denies, or grants without sending every
 * update, are served. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "reach/tracing/duplicate.h"
#include "reach/tracing/operation.h"
#include "reach/tracing/service.h"
#include "reach/tracing/tracee.h"

static bool take_option(const struct injection *injection, struct attempt *ret)
{
    const struct user_regs_struct *registers = &injection->registers;

    return policy_option((int)registers->rdx, &ret->kind) && registers->r8 >= sizeof(ret->value) &&
           tracee_read(injection->tid, registers->r10, &ret->value, sizeof(ret->value)) ==
               sizeof(ret->value);
}

/* What the call asks for; false if that is nothing of interest, or can't be read. */
static bool take_attempt(struct operation *operation, struct attempt *ret)
{
    const struct injection *injection = &operation->injection;
    struct sockaddr_nl *address = &operation->address;

    *ret = (struct attempt){.kind = ATTEMPT_BIND};
    if (injection->registers.orig_rax == SYS_setsockopt)
        return take_option(injection, ret);
    if (tracee_read(injection->tid, injection->registers.rsi, address, sizeof(*address)) !=
            sizeof(*address) ||
        address->nl_family != AF_NETLINK)
        return false;
    ret->value = address->nl_groups;
    return true;
}

/* Reads the program's memory, which may have to be brought from somewhere. */
static bool may_serve(struct operation *operation)
{
    struct attempt attempt;

    return take_attempt(operation, &attempt) && policy_may_serve(&attempt);
}

/* The socket is as the program wants it to be: from now on it is served so. */
static int serve(struct service *service, struct operation *operation,
                 struct subscribers *subscribers)
{
    const struct served_socket socket = {
        .inode = operation->inode,
        .duplicate = operation->duplicate,
        .process = thread_process(operation->thread),
        .fd = (int)operation->fd,
        .subscribers = subscribers,
    };
    int r;

    operation->duplicate = -1;
    r = serving_apply(&service->serving, &socket, &operation->ruling);
    return operation_end(operation, r < 0 ? operation->result : -r);
}

static int on_duplicate(struct service *service, struct operation *operation, int error)
{
    struct subscribers *subscribers;
    int r;

    if (error == -ESRCH)
        return error;
    if (error < 0) {
        warning_once(&service->serving.warnings, WARNING_DENIED, error);
        return operation_end(operation, operation->result);
    }
    r = networks_find(service->networks, operation->injection.tid, operation->inode,
                      operation->duplicate, &subscribers);
    if (r >= 0)
        return serve(service, operation, subscribers);
    warning_once(&service->serving.warnings, WARNING_NAMESPACE, r);
    return operation_end(operation, operation->result);
}

static int take_and_serve(struct service *service, struct operation *operation)
{
    const struct subscription *subscription =
        subscriptions_find(&service->serving.subscriptions, operation->inode);

    if (!subscription)
        return duplicator_take(service, operation, on_duplicate);
    return serve(service, operation, subscription_subscribers(subscription));
}

static int on_bound_by_sending(struct service *service, struct operation *operation, int64_t result)
{
    (void)result;
    return take_and_serve(service, operation);
}

static int bind_by_sending(struct operation *operation)
{
    static const struct nlmsghdr nothing = POLICY_BINDING_REQUEST;
    const struct injection *injection = &operation->injection;
    const uint64_t arguments[6] = {(uint64_t)operation->fd, injection->room, sizeof(nothing),
                                   MSG_DONTWAIT};
    int r = injection_write(injection, &nothing, sizeof(nothing));

    return r < 0 ? r : operation_run(operation, SYS_sendto, arguments, on_bound_by_sending);
}

static int repeat_bind(struct service *service, struct operation *operation, int error);

/* Whether a bind failed because our duplicate alone held the port, which is closed now. */
static bool is_freed(struct service *service, const struct operation *operation, int64_t result)
{
    const struct attempt attempt = {
        .kind = ATTEMPT_BIND, .value = operation->ruling.groups, .error = (int)-result};

    return result == -EADDRINUSE &&
           serving_rule(&service->serving, operation->inode, &attempt).repeats;
}

static int on_bound(struct service *service, struct operation *operation, int64_t result)
{
    if (policy_is_denial((int)-result))
        return bind_by_sending(operation);
    if (is_freed(service, operation, result))
        return repeat_bind(service, operation, 0);
    /* Another error is about the rest of the address, and is for the program. */
    return result < 0 ? operation_end(operation, result) : take_and_serve(service, operation);
}

static int on_answer(struct service *service, struct operation *operation, int64_t result);

/* The program binds its socket itself, with the groups that are left. If the port was in use, that
 * is the call that it made. */
static int repeat_bind(struct service *service, struct operation *operation, int error)
{
    const struct injection *injection = &operation->injection;
    struct sockaddr_nl address = operation->address;
    const uint64_t arguments[6] = {(uint64_t)operation->fd, injection->room, sizeof(address)};
    int r = error;

    networks_review(service->networks);
    address.nl_groups = operation->ruling.groups;
    if (r >= 0)
        r = injection_write(injection, &address, sizeof(address));
    if (r == -ESRCH)
        return r;
    if (r < 0)
        return operation_end(operation, operation->result);
    return operation_run(operation, SYS_bind, arguments,
                         operation->ruling.changes ? on_bound : on_answer);
}

static int change(struct service *service, struct operation *operation)
{
    if (service_is_confined(service, operation->thread)) {
        /* What the kernel accepted stands. */
        if (operation->result < 0)
            warning_once(&service->serving.warnings, WARNING_CONFINED, 0);
        return operation_end(operation, operation->result);
    }
    if (!range_has(&service->range, (int)operation->fd))
        return operation_end(operation, operation->result);
    if (operation->ruling.repeats)
        return operation_need_page(service, operation, repeat_bind);
    return take_and_serve(service, operation);
}

static int on_answer(struct service *service, struct operation *operation, int64_t result)
{
    struct attempt attempt;

    operation->result = result;
    /* The kernel has read the program's memory before it answers, but not yet if it is
     * interrupted: that may have to be brought from somewhere. */
    if (result > 0 || injection_is_interrupted(result) || !take_attempt(operation, &attempt))
        return operation_end(operation, result);
    attempt.error = (int)-result;
    operation->ruling = serving_rule(&service->serving, operation->inode, &attempt);
    if (operation->ruling.changes || operation->ruling.repeats)
        return change(service, operation);
    return operation_end(operation, -operation->ruling.error);
}

static int begin_with_page(struct service *service, struct operation *operation, int error)
{
    (void)service;
    return error == -ESRCH ? error : operation_run_original(operation, on_answer);
}

int subscribe_call_begin(struct service *service, struct operation *operation)
{
    /* Where there can't be a page later, there is one before if it may be of use. */
    if (!operation->injection.has_text && !service_is_confined(service, operation->thread) &&
        may_serve(operation))
        return operation_need_page(service, operation, begin_with_page);
    return operation_run_original(operation, on_answer);
}
