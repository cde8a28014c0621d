#include "reach/fulfil.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "reach/denial.h"
#include "reach/say.h"
#include "reach/service.h"
#include "reach/tracee.h"

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

/* The group that setsockopt() is to join, 0 if that can't be read. */
static int group_of(const struct injection *injection)
{
    const struct user_regs_struct *registers = &injection->registers;
    int group;

    if (registers->r8 < sizeof(group) ||
        tracee_read(injection->tid, registers->r10, &group, sizeof(group)) != sizeof(group))
        return 0;
    return group;
}

bool fulfil_is_wanted(struct operation *operation)
{
    const struct injection *injection = &operation->injection;

    if (injection->registers.orig_rax == SYS_setsockopt)
        return group_of(injection) == RTNLGRP_LINK;
    operation->has_address =
        fulfil_takes_groups(injection->tid, injection->registers.rsi, &operation->address);
    return operation->has_address && (operation->address.nl_groups & RTMGRP_LINK);
}

/* The socket is as the program wants it to be: from now on it is told of links. */
static int subscribe(struct service *service, struct operation *operation)
{
    const struct membership membership = {.wanted = true, .granted = !operation->denied};
    pid_t process = tracee_process(operation->injection.tid);
    int r, duplicate = operation->duplicate;

    links_expect(service->links);
    operation->duplicate = -1;
    r = subscriptions_add(service->subscriptions, operation->inode, duplicate, process,
                          (int)operation->fd, &membership);
    if (r < 0) {
        say_failure(service, r);
        return operation_end(operation, operation->result);
    }
    if (operation->has_address && operation->address.nl_groups != RTMGRP_LINK &&
        !service->completes)
        say_groups(service);
    return operation_end(operation, 0);
}

static int on_bound_by_sending(struct service *service, struct operation *operation, int64_t result)
{
    (void)result;
    return subscribe(service, operation);
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
    if (is_denial((int)-result))
        return bind_by_sending(operation);
    /* What the kernel says of the rest of the address is for the program. */
    return result < 0 ? operation_end(operation, result) : subscribe(service, operation);
}

/* The program binds its socket itself, without the groups. */
static int bind_plainly(struct service *service, struct operation *operation, int error)
{
    const struct injection *injection = &operation->injection;
    struct sockaddr_nl address = operation->address;
    const uint64_t arguments[6] = {(uint64_t)operation->fd, injection->room, sizeof(address)};
    int r = error;

    (void)service;
    address.nl_groups = 0;
    if (r >= 0)
        r = injection_write(injection, &address, sizeof(address));
    if (r == -ESRCH)
        return r;
    if (r < 0)
        return operation_end(operation, operation->result);
    return operation_run(operation, SYS_bind, arguments, on_bound);
}

static int on_duplicate(struct service *service, struct operation *operation, int error)
{
    if (error == -ESRCH)
        return error;
    if (error < 0) {
        say_failure(service, error);
        return operation_end(operation, operation->result);
    }
    if (operation->denied && operation->has_address)
        return operation_need_page(service, operation, bind_plainly);
    return subscribe(service, operation);
}

/* Another group of a socket that is subscribed to links: without its updates the program has
 * still more than with a failure. */
static int64_t pass_over(struct service *service, const struct operation *operation, int64_t result)
{
    bool joins = operation->injection.registers.orig_rax == SYS_setsockopt;

    if (!operation->denied || !joins || group_of(&operation->injection) == 0 ||
        !subscriptions_find(service->subscriptions, operation->inode))
        return result;
    say_groups(service);
    return 0;
}

static void say_confined(struct service *service)
{
    if (service->said_confined)
        return;
    service->said_confined = true;
    say("a program with a seccomp filter of its own can't be helped: its subscriptions stay "
        "denied");
}

/* Updates may have waited for it to be bound. */
static void check_subscription(struct service *service, const struct operation *operation)
{
    struct subscription *subscription =
        subscriptions_find(service->subscriptions, operation->inode);

    if (subscription)
        subscription_check(subscription);
}

static int on_answer(struct service *service, struct operation *operation, int64_t result)
{
    operation->result = result;
    operation->denied = is_denial((int)-result);
    if (result == 0)
        check_subscription(service, operation);
    if (!operation->denied && !(service->completes && result == 0))
        return operation_end(operation, result);
    if (!fulfil_is_wanted(operation))
        return operation_end(operation, pass_over(service, operation, result));
    if (confined_has(service->confined, operation->injection.tid))
        say_confined(service);
    else if (range_has(&service->range, (int)operation->fd))
        return duplicator_take(service, operation, on_duplicate);
    return operation_end(operation, result);
}

static int begin_with_page(struct service *service, struct operation *operation, int error)
{
    (void)service;
    return error == -ESRCH ? error : operation_run_original(operation, on_answer);
}

int fulfil_begin(struct service *service, struct operation *operation)
{
    /* Where there can't be a page later, there is one before if it may be of use. */
    if (!operation->injection.has_text &&
        !confined_has(service->confined, operation->injection.tid) && fulfil_is_wanted(operation))
        return operation_need_page(service, operation, begin_with_page);
    return operation_run_original(operation, on_answer);
}
