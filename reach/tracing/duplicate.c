/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/duplicate.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/linkwatch.h"
#include "reach/handover.h"
#include "reach/process.h"
#include "reach/tracing/service.h"

/* So many of these are left open. */
#define SPOILT_MAX 16

/* Laid out as the program's kernel wants it, in the room of the page. */
struct descriptor_message {
    struct msghdr header;
    struct iovec part;
    struct sockaddr_un address;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    char byte;
};

_Static_assert(sizeof(struct descriptor_message) <= INJECTION_ROOM_SIZE, "a message has room");

/* Since Linux 6.9; older headers don't have it. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* Of the thread: the first one of its process may have ended, and has no files then. */
static int open_pidfd(pid_t tid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);

    return pidfd >= 0 ? pidfd : (int)syscall(SYS_pidfd_open, process_of_thread(tid), 0);
}

static int take_by_pidfd(pid_t tid, int fd, int *ret)
{
    int pidfd = open_pidfd(tid);
    int duplicate, error;

    if (pidfd < 0)
        return -errno;
    duplicate = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    error = errno;
    close(pidfd);
    if (duplicate < 0)
        return -error;
    *ret = duplicate;
    return 0;
}

static int bind_where_it_is(pid_t tid, const struct handover_address *destination)
{
    char netns[64];
    int fd, r;

    snprintf(netns, sizeof(netns), "/proc/%d/ns/net", (int)tid);
    r = linkwatch_netns_socket(netns, AF_UNIX, SOCK_DGRAM, 0, &destination->address,
                               destination->size, &fd);
    return r < 0 ? r : fd;
}

/* A socket for one duplicate, so that its address is known for a short time. Its descriptor. An
 * abstract address is found in the network namespace alone in which the thread is now. */
static int open_destination(const struct service *service, pid_t tid, struct handover_address *ret)
{
    char name[HANDOVER_NAME_SIZE];
    int r = handover_choose_name(name);

    if (r >= 0)
        r = handover_address_of(name, ret);
    if (r < 0)
        return r;
    return networks_is_elsewhere(service->networks, tid) ? bind_where_it_is(tid, ret)
                                                         : handover_bind(ret, SOCK_DGRAM);
}

void duplicator_begin(struct duplicator *duplicator)
{
    int fd = -1;
    /* Standard error is as good as any other; if it is closed, that is an answer too. */
    int r = take_by_pidfd(getpid(), STDERR_FILENO, &fd);

    if (r >= 0)
        close(fd);
    duplicator->is_sent_them = r < 0 && r != -EBADF;
}

static void *at(const struct injection *injection, size_t offset)
{
    return (void *)(uintptr_t)(injection->room + offset);
}

static int write_message(const struct handover_address *destination,
                         const struct injection *injection, int fd)
{
    const struct cmsghdr control = {
        .cmsg_len = CMSG_LEN(sizeof(fd)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    struct descriptor_message message;

    memset(&message, 0, sizeof(message));
    message.header.msg_name = at(injection, offsetof(struct descriptor_message, address));
    message.header.msg_namelen = destination->size;
    message.header.msg_iov = at(injection, offsetof(struct descriptor_message, part));
    message.header.msg_iovlen = 1;
    message.header.msg_control = at(injection, offsetof(struct descriptor_message, control));
    message.header.msg_controllen = sizeof(message.control);
    message.part.iov_base = at(injection, offsetof(struct descriptor_message, byte));
    message.part.iov_len = 1;
    message.address = destination->address;
    memcpy(message.control, &control, sizeof(control));
    memcpy(message.control + CMSG_LEN(0), &fd, sizeof(fd));
    return injection_write(injection, &message, sizeof(message));
}

/* The descriptor in the next message, which stays where it is: to close what is ours of it doesn't
 * end it. -ENODATA if there is none, -EPERM if it isn't one rtnetlink socket alone. */
static int peek_message(int destination, int *ret)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int fd;

    if (recvmsg(destination, &message, MSG_PEEK | MSG_CMSG_CLOEXEC) <= 0)
        return -ENODATA;
    fd = handover_take(&message);
    if (fd >= 0 && handover_inode(fd) == 0) {
        close(fd);
        fd = -1;
    }
    if (fd < 0)
        return -EPERM;
    *ret = fd;
    return 0;
}

/* All that was sent: the socket that was meant is in *ret, if there is one; others are closed, for
 * that doesn't wait for anybody. -EPERM at the first that is no rtnetlink socket. */
static int take_messages(int destination, uint64_t inode, int *ret)
{
    int fd, r;
    char byte;

    while ((r = peek_message(destination, &fd)) >= 0) {
        if (*ret < 0 && handover_inode(fd) == inode)
            *ret = fd;
        else
            close(fd);
        if (recv(destination, &byte, 1, 0) < 0)
            return -errno;
    }
    return r == -ENODATA ? 0 : r;
}

/* Anybody in this network namespace may send there, even what lingers when it is closed: then it
 * is left to the end of this process, which does not wait. */
static int collect(struct duplicator *duplicator, struct operation *operation)
{
    int duplicate = -1, r;

    (void)shutdown(operation->destination, SHUT_RD);
    r = take_messages(operation->destination, operation->inode, &duplicate);
    if (r >= 0)
        close(operation->destination);
    else
        duplicator->spoilt++;
    operation->destination = -1;
    return duplicate >= 0 ? duplicate : r < 0 ? r : -ENODATA;
}

void duplicator_drop(struct duplicator *duplicator, struct operation *operation)
{
    int duplicate = operation->destination >= 0 ? collect(duplicator, operation) : -1;

    if (duplicate >= 0)
        close(duplicate);
}

static int hand_over(struct service *service, struct operation *operation, int duplicate)
{
    int r = duplicate < 0 ? duplicate : 0;

    /* The program may have replaced what the descriptor is meanwhile. */
    if (duplicate >= 0 && handover_inode(duplicate) != operation->inode) {
        close(duplicate);
        r = -ENOTSOCK;
    } else if (duplicate >= 0) {
        operation->duplicate = duplicate;
    }
    return operation->duplicate_is_there(service, operation, r);
}

static int on_message_closed(struct service *service, struct operation *operation, int64_t result)
{
    int duplicate = collect(&service->duplicator, operation);

    (void)result;
    if (operation->sent < 0 && duplicate < 0)
        duplicate = (int)operation->sent;
    return hand_over(service, operation, duplicate);
}

static int on_message_sent(struct service *service, struct operation *operation, int64_t result)
{
    const uint64_t arguments[6] = {(uint64_t)operation->sender};

    (void)service;
    operation->sent = result;
    return operation_run(operation, SYS_close, arguments, on_message_closed);
}

static int on_message_socket(struct service *service, struct operation *operation, int64_t result)
{
    const uint64_t arguments[6] = {(uint64_t)result, operation->injection.room,
                                   MSG_DONTWAIT | MSG_NOSIGNAL};

    if (result < 0)
        return hand_over(service, operation, (int)result);
    operation->sender = result;
    return operation_run(operation, SYS_sendmsg, arguments, on_message_sent);
}

static int send_message(struct service *service, struct operation *operation, int error)
{
    const uint64_t arguments[6] = {AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC};
    struct handover_address destination = {0};
    int r = error;

    if (r >= 0 && service->duplicator.spoilt >= SPOILT_MAX)
        r = -EPERM;
    if (r >= 0)
        r = operation->destination =
            open_destination(service, operation->injection.tid, &destination);
    if (r >= 0)
        r = write_message(&destination, &operation->injection, (int)operation->fd);
    if (r < 0)
        return r == -ESRCH ? r : hand_over(service, operation, r);
    return operation_run(operation, SYS_socket, arguments, on_message_socket);
}

int duplicator_take(struct service *service, struct operation *operation, operation_done *then)
{
    int duplicate = -1, r;

    operation->duplicate_is_there = then;
    if (service->duplicator.is_sent_them)
        return operation_need_page(service, operation, send_message);
    r = take_by_pidfd(operation->injection.tid, (int)operation->fd, &duplicate);
    return hand_over(service, operation, r < 0 ? r : duplicate);
}
