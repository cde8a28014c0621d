/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/fulfil.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "reach/process.h"
#include "reach/say.h"
#include "reach/tracing/service.h"
#include "reach/tracing/tracee.h"

/* A subscription of ours tells of links alone. */
static void say_groups(struct service *service)
{
    if (service->said_groups)
        return;
    service->said_groups = true;
    say("the program wants other updates than those of links, too; they won't come");
}

static void say_failure(struct service *service, int error)
{
    if (service->said_failure)
        return;
    service->said_failure = true;
    say("a subscription stays denied: no duplicate of its socket: %s", strerror(-error));
}

bool fulfil_takes_groups(pid_t tid, uint64_t address, struct sockaddr_nl *ret)
{
    return tracee_read(tid, address, ret, sizeof(*ret)) == sizeof(*ret) &&
           ret->nl_family == AF_NETLINK && ret->nl_groups != 0;
}

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
static int serve(struct service *service, struct operation *operation)
{
    const struct ruling *ruling = &operation->ruling;
    pid_t process = process_of_thread(operation->injection.tid);
    int r, duplicate = operation->duplicate;

    if (ruling->membership.wanted)
        links_expect(operation->links);
    operation->duplicate = -1;
    r = subscriptions_serve(service->subscriptions, operation->inode, duplicate, process,
                            (int)operation->fd, operation->links, &ruling->membership);
    if (r < 0) {
        say_failure(service, r);
        return operation_end(operation, operation->result);
    }
    if (ruling->passes_over)
        say_groups(service);
    return operation_end(operation, -ruling->error);
}

static void say_network(struct service *service, int error)
{
    if (service->said_network)
        return;
    service->said_network = true;
    say("a subscription in another network namespace stays denied: it can't be entered: %s",
        strerror(-error));
}

static int on_duplicate(struct service *service, struct operation *operation, int error)
{
    int r;

    if (error == -ESRCH)
        return error;
    if (error < 0) {
        say_failure(service, error);
        return operation_end(operation, operation->result);
    }
    r = networks_find(service->networks, operation->injection.tid, operation->inode,
                      operation->duplicate, &operation->links);
    if (r >= 0)
        return serve(service, operation);
    say_network(service, r);
    return operation_end(operation, operation->result);
}

static int take_and_serve(struct service *service, struct operation *operation)
{
    const struct subscription *subscription =
        subscriptions_find(service->subscriptions, operation->inode);

    if (!subscription)
        return duplicator_take(service, operation, on_duplicate);
    operation->links = subscription_links(subscription);
    return serve(service, operation);
}

static int on_bound_by_sending(struct service *service, struct operation *operation, int64_t result)
{
    (void)result;
    return take_and_serve(service, operation);
}

/* The kernel binds a socket that sends. */
static int bind_by_sending(struct operation *operation)
{
    const struct nlmsghdr nothing = {
        .nlmsg_len = sizeof(nothing), .nlmsg_type = NLMSG_NOOP, .nlmsg_flags = NLM_F_REQUEST};
    const struct injection *injection = &operation->injection;
    const uint64_t arguments[6] = {(uint64_t)operation->fd, injection->room, sizeof(nothing),
                                   MSG_DONTWAIT};
    int r = injection_write(injection, &nothing, sizeof(nothing));

    return r < 0 ? r : operation_run(operation, SYS_sendto, arguments, on_bound_by_sending);
}

static int on_bound(struct service *service, struct operation *operation, int64_t result)
{
    if (policy_is_denial((int)-result))
        return bind_by_sending(operation);
    /* What the kernel says of the rest of the address is for the program. */
    return result < 0 ? operation_end(operation, result) : take_and_serve(service, operation);
}

/* The program binds its socket itself, without the groups that the kernel refused. */
static int bind_plainly(struct service *service, struct operation *operation, int error)
{
    const struct injection *injection = &operation->injection;
    struct sockaddr_nl address = operation->address;
    const uint64_t arguments[6] = {(uint64_t)operation->fd, injection->room, sizeof(address)};
    int r = error;

    (void)service;
    address.nl_groups = operation->ruling.groups;
    if (r >= 0)
        r = injection_write(injection, &address, sizeof(address));
    if (r == -ESRCH)
        return r;
    if (r < 0)
        return operation_end(operation, operation->result);
    return operation_run(operation, SYS_bind, arguments, on_bound);
}

static void say_confined(struct service *service)
{
    if (service->said_confined)
        return;
    service->said_confined = true;
    say("a program with a seccomp filter of its own can't be helped: its subscriptions stay "
        "denied");
}

static int change(struct service *service, struct operation *operation)
{
    if (service_is_confined(service, operation->injection.tid)) {
        /* What the kernel accepted stands. */
        if (operation->result < 0)
            say_confined(service);
        return operation_end(operation, operation->result);
    }
    if (!range_has(&service->range, (int)operation->fd))
        return operation_end(operation, operation->result);
    if (operation->ruling.binds)
        return operation_need_page(service, operation, bind_plainly);
    return take_and_serve(service, operation);
}

static int on_answer(struct service *service, struct operation *operation, int64_t result)
{
    static const struct membership none = {0};
    struct subscription *subscription =
        subscriptions_find(service->subscriptions, operation->inode);
    struct attempt attempt;

    operation->result = result;
    /* Updates may have waited for it to be bound. */
    if (subscription && result == 0)
        subscription_check(subscription);
    /* The kernel has read the program's memory before it answers, but not yet if it is
     * interrupted: that may have to be brought from somewhere. */
    if (result > 0 || injection_is_interrupted(result) || !take_attempt(operation, &attempt))
        return operation_end(operation, result);
    attempt.error = (int)-result;
    operation->ruling =
        policy_rule(&attempt, subscription ? subscription_membership(subscription) : &none);
    if (operation->ruling.changes)
        return change(service, operation);
    if (operation->ruling.passes_over)
        say_groups(service);
    return operation_end(operation, -operation->ruling.error);
}

static int begin_with_page(struct service *service, struct operation *operation, int error)
{
    (void)service;
    return error == -ESRCH ? error : operation_run_original(operation, on_answer);
}

int fulfil_begin(struct service *service, struct operation *operation)
{
    /* Where there can't be a page later, there is one before if it may be of use. */
    if (!operation->injection.has_text && !service_is_confined(service, operation->injection.tid) &&
        may_serve(operation))
        return operation_need_page(service, operation, begin_with_page);
    return operation_run_original(operation, on_answer);
}
