/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/descriptors.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/closer.h"

/* What is dropped at most of what was not read, in pieces of so many bytes. */
#define DRAIN_PIECES 64
#define DRAIN_BYTES  8192

/* One more than is taken, so that it shows if there are more. */
#define DESCRIPTORS_ROOM 2
#define STACK_SIZE       ((size_t)32 * 1024)

/* What came along. */
struct passed {
    int fds[DESCRIPTORS_ROOM];
    size_t count;
    bool truncated; /* there were more, or there was no room for them */
};

/* Without room for descriptors, the kernel says that there are some, and drops them when the bytes
 * are read; with MSG_PEEK, it keeps them. */
static ssize_t peek(int fd, void *room, size_t size)
{
    struct iovec piece = {.iov_base = room, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    int on = 1;
    ssize_t n;

    /* Else a byte that was sent out of band is passed over, and then dropped with what is attached
     * to it. */
    (void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    n = recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0 && message.msg_flags & MSG_CTRUNC)
        return -EBADMSG;
    return n < 0 ? -errno : n;
}

static void read_passed(struct msghdr *message, struct passed *ret)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count && ret->count < DESCRIPTORS_ROOM; i++)
            memcpy(&ret->fds[ret->count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
    ret->truncated = message->msg_flags & MSG_CTRUNC;
}

static ssize_t receive_passed(int fd, void *room, size_t size, int flags, struct passed *ret)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(DESCRIPTORS_ROOM * sizeof(int))];
    struct iovec piece = {.iov_base = room, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(fd, &message, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    *ret = (struct passed){.count = 0};
    if (n < 0)
        return -errno;
    read_passed(&message, ret);
    return n;
}

static bool is_netlink(int fd)
{
    int domain;
    socklen_t length = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK;
}

/* What the child is given, and finds out. */
struct inspection {
    int fd;
    void *room;
    size_t size;
    bool suits; /* one descriptor alone is attached, of a netlink socket */
};

static int inspect_and_end(void *argument)
{
    struct inspection *inspection = argument;
    struct passed passed;
    ssize_t n =
        receive_passed(inspection->fd, inspection->room, inspection->size, MSG_PEEK, &passed);

    inspection->suits =
        n > 0 && passed.count == 1 && !passed.truncated && is_netlink(passed.fds[0]);
    return 0;
}

/* Whoever inspects a descriptor has it, and even a close() that is not the last one may have to
 * wait (FUSE). So a child that shares memory but not descriptors does it: this process goes on
 * when the child has begun to end, before its descriptors are closed. */
static bool inspect(struct inspection *inspection, struct closer *closer)
{
    sigset_t all, before;
    pid_t child;
    void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

    if (stack == MAP_FAILED)
        return false;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    child = clone(inspect_and_end, (char *)stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD,
                  inspection);
    sigprocmask(SIG_SETMASK, &before, NULL);
    munmap(stack, STACK_SIZE);
    if (child < 0)
        return false;
    closer_reap(closer);
    return inspection->suits;
}

ssize_t descriptors_receive(int fd, void *room, size_t size, struct closer *closer,
                            int *ret_netlink)
{
    struct inspection inspection = {.fd = fd, .room = room, .size = size};
    struct passed passed;
    ssize_t n = peek(fd, room, size);

    *ret_netlink = -1;
    if (n > 0) {
        /* No more than was inspected: something else may have come after it. */
        n = recv(fd, room, (size_t)n, MSG_DONTWAIT);
        return n < 0 ? -errno : n;
    }
    if (n != -EBADMSG || !inspect(&inspection, closer))
        return n;
    n = receive_passed(fd, room, size, 0, &passed);
    if (n > 0 && passed.count == 1)
        *ret_netlink = passed.fds[0];
    return n;
}

/* False if close() may wait. */
static bool drain(int fd)
{
    char bytes[DRAIN_BYTES];
    ssize_t n = 1;

    if (shutdown(fd, SHUT_RDWR) < 0)
        return false;
    for (int i = 0; i < DRAIN_PIECES && n > 0; i++) {
        n = peek(fd, bytes, sizeof(bytes));
        if (n > 0)
            n = recv(fd, bytes, (size_t)n, MSG_DONTWAIT);
    }
    return n == 0;
}

void descriptors_close(int fd, struct closer *closer)
{
    if (drain(fd))
        close(fd);
    else
        closer_close(closer, fd);
}
