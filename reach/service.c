#include "reach/service.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reach/call.h"
#include "reach/denial.h"
#include "reach/say.h"
#include "reach/tracee.h"

/* Longer requests to the kernel are not passed on. */
#define REQUEST_MAX 65536

/* A page if it can be had: 0 also without. */
static int begin(struct call *call, pid_t tid, const struct user_regs_struct *registers,
                 bool enters, bool page)
{
    int r = call_begin(call, tid, registers, enters);

    if (r >= 0 && page)
        r = call_make_page(call);
    return r == -ESRCH ? r : 0;
}

/* Moves a socket that was just made; the number under which it is now. */
static int move(const struct service *service, struct call *call, int64_t *fd)
{
    bool closes = call->registers.rsi & SOCK_CLOEXEC;
    const uint64_t copy[6] = {(uint64_t)*fd,
                              (uint64_t)(closes ? F_DUPFD_CLOEXEC : F_DUPFD),
                              (uint64_t)service->range.first,
                              0,
                              0,
                              0};
    uint64_t shut[6] = {0};
    int64_t moved, ignored;
    int r = call_run(call, SYS_fcntl, copy, &moved);

    if (r < 0 || moved < 0)
        return r;
    /* All of the range is taken: it stays where it was. */
    shut[0] = (uint64_t)(range_has(&service->range, (int)moved) ? *fd : moved);
    r = call_run(call, SYS_close, shut, &ignored);
    if (r >= 0 && range_has(&service->range, (int)moved))
        *fd = moved;
    return r;
}

int service_socket(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                   bool enters)
{
    struct call call;
    int64_t fd;
    int r;

    /* linkwatchd tells of the links of one namespace. */
    if (service->compares && !tracee_is_in_our_network(tid))
        return 0;
    r = begin(&call, tid, registers, enters, true);
    if (r >= 0)
        r = call_run_original(&call, &fd);
    if (r >= 0 && fd >= 0 && call.page)
        r = move(service, &call, &fd);
    if (r >= 0)
        r = call_end(&call, fd);
    return r < 0 ? -ESRCH : fd >= 0 && range_has(&service->range, (int)fd);
}

/* Without the groups; the number of the port is the one that it would have got itself. */
static void bind_plainly(int duplicate, struct sockaddr_nl address, pid_t process)
{
    bool any = address.nl_pid == 0;

    address.nl_groups = 0;
    if (any)
        address.nl_pid = (unsigned)process;
    if (bind(duplicate, (const struct sockaddr *)&address, sizeof(address)) == 0 || !any)
        return;
    address.nl_pid = 0;
    /* If that is denied too, the kernel binds it when something is sent. */
    if (bind(duplicate, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return;
}

/* What is known about a subscription that the program wants. */
struct wish {
    uint64_t inode;
    int fd;
    const struct sockaddr_nl *address; /* NULL for setsockopt */
};

/* The kernel said no, or not enough: we do it. 1 if so. */
static int grant(struct service *service, struct call *call, const struct wish *wish, bool denied)
{
    const struct membership membership = {.wanted = true, .granted = !denied};
    pid_t process = tracee_process(call->tid);
    int duplicate, r;

    r = duplicator_take(service->duplicator, call, process, wish->fd, wish->inode, &duplicate);
    if (r >= 0) {
        if (denied && wish->address)
            bind_plainly(duplicate, *wish->address, process);
        r = subscriptions_add(service->subscriptions, wish->inode, duplicate, process, wish->fd,
                              &membership);
    }
    if (r == -ESRCH)
        return r;
    if (r < 0 && !service->said_failure) {
        service->said_failure = true;
        say("a subscription stays denied: no duplicate of its socket: %s", strerror(-r));
    }
    return r >= 0;
}

static int subscribe(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                     bool enters, const struct wish *wish)
{
    struct call call;
    int64_t result;
    bool denied;
    int r, granted = 0;

    links_expect(service->links);
    r = begin(&call, tid, registers, enters, duplicator_needs_page(service->duplicator));
    if (r >= 0)
        r = call_run_original(&call, &result);
    if (r < 0)
        return -ESRCH;
    denied = is_denial((int)-result);
    if (denied || (service->completes && result == 0))
        granted = grant(service, &call, wish, denied);
    if (granted > 0)
        result = 0;
    r = granted < 0 ? granted : call_end(&call, result);
    return r < 0 ? -ESRCH : granted;
}

/* The wish of a socket that can be served: in the range, which it is if we moved it. */
static bool is_ours(const struct service *service, pid_t tid, int fd, struct wish *wish)
{
    if (!range_has(&service->range, fd))
        return false;
    *wish = (struct wish){.inode = tracee_socket(tid, fd), .fd = fd};
    return wish->inode != 0;
}

static bool read_address(pid_t tid, uint64_t address, struct sockaddr_nl *ret)
{
    return tracee_read(tid, address, ret, sizeof(*ret)) == sizeof(*ret) &&
           ret->nl_family == AF_NETLINK;
}

/* A subscription of ours tells of links alone. */
static void say_groups(struct service *service)
{
    if (service->said_groups)
        return;
    service->said_groups = true;
    say("the program wants other updates than those of links, too; they won't come");
}

int service_bind(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                 bool enters)
{
    struct sockaddr_nl address;
    struct wish wish;
    int r;

    if (!read_address(tid, registers->rsi, &address) || !(address.nl_groups & RTMGRP_LINK) ||
        !is_ours(service, tid, (int)registers->rdi, &wish))
        return 0;
    wish.address = &address;
    r = subscribe(service, tid, registers, enters, &wish);
    if (r > 0 && address.nl_groups != RTMGRP_LINK && !service->completes)
        say_groups(service);
    return r;
}

/* Another group of a socket that is subscribed to links: without its updates the program
 * has still more than with a failure. */
static int pass_over(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                     bool enters)
{
    struct call call;
    int64_t result;
    int r = begin(&call, tid, registers, enters, false);

    if (r >= 0)
        r = call_run_original(&call, &result);
    if (r >= 0 && is_denial((int)-result)) {
        say_groups(service);
        result = 0;
    }
    if (r >= 0)
        r = call_end(&call, result);
    return r < 0 ? -ESRCH : 0;
}

int service_join(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                 bool enters)
{
    struct wish wish;
    int group;

    if (registers->r8 < sizeof(group) ||
        tracee_read(tid, registers->r10, &group, sizeof(group)) != sizeof(group) ||
        !is_ours(service, tid, (int)registers->rdi, &wish))
        return 0;
    if (group != RTNLGRP_LINK)
        return subscriptions_find(service->subscriptions, wish.inode)
                   ? pass_over(service, tid, registers, enters)
                   : 0;
    return subscribe(service, tid, registers, enters, &wish);
}

/* The program's request, sent to the kernel alone; the result that the program is to see. */
static int64_t send_plainly(const struct subscription *subscription, pid_t tid,
                            const struct user_regs_struct *registers, struct sockaddr_nl address,
                            int64_t result)
{
    size_t size = registers->rdx < REQUEST_MAX ? registers->rdx : REQUEST_MAX;
    void *request = malloc(size);
    ssize_t n;

    if (!request)
        return result;
    address.nl_groups = 0;
    if (tracee_read(tid, registers->rsi, request, size) == (ssize_t)registers->rdx) {
        n = sendto(subscription_fd(subscription), request, size, MSG_DONTWAIT,
                   (const struct sockaddr *)&address, sizeof(address));
        result = n < 0 ? -errno : n;
    }
    free(request);
    return result;
}

/* Some send to the address that they subscribed with, groups and all, which is denied
 * where subscribing is. */
int service_send(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                 bool enters)
{
    struct subscription *subscription;
    struct sockaddr_nl address;
    struct call call;
    int64_t result;
    int r;

    if (subscriptions_is_empty(service->subscriptions) || registers->r9 != sizeof(address) ||
        !read_address(tid, registers->r8, &address) || address.nl_groups == 0)
        return 0;
    subscription =
        subscriptions_find(service->subscriptions, tracee_socket(tid, (int)registers->rdi));
    if (!subscription)
        return 0;
    r = begin(&call, tid, registers, enters, false);
    if (r >= 0)
        r = call_run_original(&call, &result);
    if (r < 0)
        return -ESRCH;
    if (is_denial((int)-result))
        result = send_plainly(subscription, tid, registers, address, result);
    r = call_end(&call, result);
    return r < 0 ? -ESRCH : 0;
}

/* Letting go at once keeps the number of the port free for the next socket. */
int service_close(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                  bool enters)
{
    struct call call;
    int64_t result;
    int r;

    if (subscriptions_is_empty(service->subscriptions) ||
        !subscriptions_find(service->subscriptions, tracee_socket(tid, (int)registers->rdi)))
        return 0;
    r = begin(&call, tid, registers, enters, false);
    if (r >= 0)
        r = call_run_original(&call, &result);
    if (r >= 0)
        r = call_end(&call, result);
    subscriptions_review(service->subscriptions);
    return r < 0 ? -ESRCH : 0;
}
