/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/ask.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "reach/handover.h"
#include "reach/receipt.h"

/* A library has no other place for it; it is written before there are threads. */
static struct handover_address helper; /* of size 0 for none */

/* The kernel's own set of signals, and all of them. */
typedef uint64_t signals;
#define ALL_SIGNALS UINT64_MAX

void ask_begin(void)
{
    const char *name = getenv(PRELOAD_ADDRESS);

    if (name && name[0] != '\0')
        (void)handover_address_of(name, &helper);
}

bool ask_is_possible(void)
{
    return helper.size > 0;
}

/* System calls as they are: libc's functions would be points of cancellation, and may be
 * another library's by now. */
static int call_connect(int fd, int seconds)
{
    const struct timeval timeout = {.tv_sec = seconds};

    syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    return syscall(SYS_connect, fd, &helper.address, helper.size) < 0 ? -errno : 0;
}

/* duplicate may be -1. */
static int send_request(int fd, const struct request *request, int duplicate)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)request, .iov_len = sizeof(*request)};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (duplicate >= 0) {
        memcpy(CMSG_DATA(&control.header), &duplicate, sizeof(duplicate));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
    }
    return syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The size of a packet that was received into the parts, or -errno. */
static long receive_packet(int fd, const struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count};
    long n = syscall(SYS_recvmsg, fd, &message, 0);

    return n < 0 ? -errno : n;
}

static int receive_reply(int fd, struct reply *ret)
{
    const struct iovec part = {.iov_base = ret, .iov_len = sizeof(*ret)};
    long n = receive_packet(fd, &part, 1);

    if (n < 0)
        return (int)n;
    return n == sizeof(*ret) ? 0 : -EPIPE;
}

static int call_on(int fd, const struct request *request, int duplicate, const struct iovec *parts,
                   size_t count, struct reply *reply)
{
    int r = call_connect(fd, request->kind == REQUEST_RULE ? RULING_SECONDS : ANSWER_SECONDS);

    if (r >= 0)
        r = send_request(fd, request, duplicate);
    if (r >= 0)
        r = receive_reply(fd, reply);
    if (r < 0)
        return r;
    /* A caller that only asks for the size has no room for a byte of it. */
    if (reply->result >= 0 && receipt_parts_size(parts, count) > 0 &&
        receive_packet(fd, parts, count) <= 0)
        return -EPIPE;
    return reply->result;
}

/* No signal handler runs meanwhile: it can't interrupt, nor jump out and leave the
 * connection open. */
static int call_helper(const struct request *request, int duplicate, const struct iovec *parts,
                       size_t count, struct reply *reply)
{
    const signals all = ALL_SIGNALS;
    int error = errno, fd, r;
    signals before = 0;

    if (!ask_is_possible())
        return -EPIPE;
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(before)) < 0)
        return -errno;
    fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    r = fd < 0 ? -errno : call_on(fd, request, duplicate, parts, count, reply);
    if (fd >= 0)
        syscall(SYS_close, fd);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
    errno = error;
    return r;
}

static int sign_and_call(struct request *request, int fd, const struct iovec *parts, size_t count,
                         struct reply *ret)
{
    struct reply reply = {0};
    int r;

    request->process = (int32_t)syscall(SYS_getpid);
    request->fd = fd;
    r = call_helper(request, fd, parts, count, &reply);
    if (r >= 0)
        *ret = reply;
    return r;
}

int ask(struct request request, int fd, struct reply *ret)
{
    return sign_and_call(&request, fd, NULL, 0, ret);
}

int ask_next(struct request request, const struct iovec *parts, size_t count, struct reply *ret)
{
    request.kind = REQUEST_NEXT;
    return sign_and_call(&request, -1, parts, count, ret);
}
