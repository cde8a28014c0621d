/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool read_argument(const struct seccomp_notif *request, int number, void *ret, size_t size)
{
    struct iovec ours = {.iov_base = ret, .iov_len = size};
    struct iovec theirs = {.iov_base = (void *)(uintptr_t)request->data.args[number],
                           .iov_len = size};

    return process_vm_readv((pid_t)request->pid, &ours, 1, &theirs, 1, 0) == (ssize_t)size;
}

/* The groups that the call asks for, as a mask; 0 if it asks for none. */
static uint64_t groups_of(const struct seccomp_notif *request)
{
    struct sockaddr_nl address;
    uint32_t group;

    if (request->data.nr == seccomp_syscall_resolve_name("setsockopt"))
        return read_argument(request, 3, &group, sizeof(group)) && group > 0 && group <= 64
                   ? UINT64_C(1) << (group - 1)
                   : 0;
    return read_argument(request, 1, &address, sizeof(address)) && address.nl_family == AF_NETLINK
               ? address.nl_groups
               : 0;
}

static void answer_one(int listener, struct seccomp_notif *request,
                       struct seccomp_notif_resp *response, const struct supervisor *supervisor)
{
    memset(request, 0, sizeof(*request));
    memset(response, 0, sizeof(*response));
    if (seccomp_notify_receive(listener, request) < 0)
        return;
    response->id = request->id;
    if (groups_of(request) & supervisor->refused)
        response->error = -supervisor->error;
    else
        response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    /* Who asked may be gone. */
    seccomp_notify_respond(listener, response);
}

static void answer(int listener, const struct supervisor *supervisor)
{
    struct pollfd poll_fd = {.fd = listener, .events = POLLIN};
    struct seccomp_notif *request = NULL;
    struct seccomp_notif_resp *response = NULL;

    if (seccomp_notify_alloc(&request, &response) < 0)
        return;
    while ((poll(&poll_fd, 1, -1) >= 0 || errno == EINTR) && !(poll_fd.revents & POLLHUP))
        if (poll_fd.revents & POLLIN)
            answer_one(listener, request, response, supervisor);
    seccomp_notify_free(request, response);
}

static int pass(int channel, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    char byte = 0;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    return sendmsg(channel, &message, 0) < 0 ? -errno : 0;
}

static int take(int channel)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    int fd;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) <= 0 || message.msg_controllen == 0)
        return -1;
    memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
    return fd;
}

/* Nobody waits for it, and it holds nothing open that somebody reads until its end. */
static void supervise(int channel, const struct supervisor *supervisor)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), listener;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(nothing, fd);
    setsid();
    if (fork() == 0) {
        listener = take(channel);
        if (listener >= 0)
            answer(listener, supervisor);
    }
    _exit(0);
}

/* Forks the process that answers. */
static int start(struct supervisor *supervisor)
{
    int channel[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
        return -errno;
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        close(channel[0]);
        supervise(channel[1], supervisor);
    }
    close(channel[1]);
    waitpid(pid, NULL, 0);
    supervisor->channel = channel[0];
    return 0;
}

static int add_binds(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(bind), 1,
                            SCMP_A2_32(SCMP_CMP_EQ, sizeof(struct sockaddr_nl), 0));
}

int supervise_binds(scmp_filter_ctx filter, uint16_t error, struct supervisor *ret)
{
    int r = add_binds(filter);

    *ret = (struct supervisor){.channel = -1, .error = error, .refused = UINT64_MAX};
    return r < 0 ? r : start(ret);
}

int supervise_other_groups(scmp_filter_ctx filter, uint16_t error, struct supervisor *ret)
{
    int r = add_binds(filter);

    *ret = (struct supervisor){.channel = -1, .error = error, .refused = ~(uint64_t)RTMGRP_LINK};
    if (r >= 0)
        r = seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(setsockopt), 2,
                             SCMP_A1_32(SCMP_CMP_EQ, SOL_NETLINK, 0),
                             SCMP_A2_32(SCMP_CMP_EQ, NETLINK_ADD_MEMBERSHIP, 0));
    return r < 0 ? r : start(ret);
}

int supervise_begin(const struct supervisor *supervisor, scmp_filter_ctx filter)
{
    int listener = seccomp_notify_fd(filter), r;

    r = pass(supervisor->channel, listener);
    /* The filter lives on while somebody is under it; the listener is the other's. */
    close(listener);
    close(supervisor->channel);
    return r;
}
