/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/model/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/model/check.h"

/* Messages to consumers wait in the socket; with little room there, a slow one is seen
 * to be slow. */
#define SEND_BUFFER 4608
/* What is chosen for a socket that names none. */
#define PORT 4711

/* musl 1.2.3 lacks it. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

int socket(int domain, int type, int protocol);
int bind(int fd, const struct sockaddr *address, socklen_t length);
int getsockname(int fd, struct sockaddr *address, socklen_t *length);
int getsockopt(int fd, int level, int option, void *value, socklen_t *length);
int setsockopt(int fd, int level, int option, const void *value, socklen_t length);
ssize_t recvmsg(int fd, struct msghdr *header, int flags);
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int clock_gettime(clockid_t clock, struct timespec *ret);

/* What takes a function's place has no other place for its state. */
static struct netlink *current;

void netlink_start(struct netlink *netlink)
{
    netlink->theirs = -1;
    current = netlink;
}

void netlink_stop(struct netlink *netlink)
{
    if (netlink->theirs >= 0)
        close(netlink->theirs);
    netlink->theirs = -1;
    current = NULL;
}

bool netlink_send(const struct netlink *netlink, const void *data, size_t size)
{
    return netlink->theirs >= 0 &&
           send(netlink->theirs, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

size_t netlink_receive(const struct netlink *netlink, void *data, size_t size)
{
    ssize_t n =
        netlink->theirs >= 0 ? recv(netlink->theirs, data, size, MSG_DONTWAIT | MSG_TRUNC) : 0;

    return n > 0 && (size_t)n <= size ? (size_t)n : 0;
}

/* What has entered the system. */
static void spend(void)
{
    if (current && current->elapse)
        current->now++;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

int socket(int domain, int type, int protocol)
{
    int fds[2];

    spend();
    if (domain != AF_NETLINK || !current)
        return (int)syscall(SYS_socket, domain, type, protocol);
    if (current->socket_error)
        return fail(current->socket_error);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | (type & SOCK_NONBLOCK), 0, fds) < 0)
        return -1;
    if (current->theirs >= 0)
        close(current->theirs);
    current->theirs = fds[1];
    current->joined = current->joined_addresses = current->overrun = current->congested = false;
    current->port = 0;
    return fds[0];
}

/* Nobody else has sockets of this type. */
static bool is_ours(int fd)
{
    int type = 0;
    socklen_t length = sizeof(type);

    return current && syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
           type == SOCK_SEQPACKET;
}

socklen_t netlink_peer_address(uid_t uid, struct sockaddr_un *ret)
{
    static unsigned number;
    int length;

    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    length = snprintf(ret->sun_path + 1, sizeof(ret->sun_path) - 1, "user %u %d %u", uid,
                      (int)getpid(), number++);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static int get_number(int number, void *value, const socklen_t *length)
{
    CHECK(*length == sizeof(number));
    memcpy(value, &number, sizeof(number));
    return 0;
}

/* The user that its address names; else the truth. */
static int get_peer(int fd, void *value, socklen_t *length)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(address) - 1;
    int r = (int)syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, value, length);
    unsigned uid;

    if (r == 0 && getpeername(fd, (struct sockaddr *)&address, &size) == 0 &&
        size > sizeof(address.sun_family) && sscanf(address.sun_path + 1, "user %u", &uid) == 1)
        ((struct ucred *)value)->uid = uid;
    return r;
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
    spend();
    if (current && level == SOL_SOCKET && option == SO_PEERCRED)
        return get_peer(fd, value, length);
    if (level == SOL_SOCKET && option == SO_TYPE && is_ours(fd))
        return get_number(SOCK_RAW, value, length);
    if (level == SOL_SOCKET && option == SO_DOMAIN && is_ours(fd))
        return get_number(AF_NETLINK, value, length);
    /* All sockets are of one namespace, in which each is to be another one's. */
    if (level == SOL_SOCKET && option == SO_NETNS_COOKIE && is_ours(fd))
        return fail(ENOPROTOOPT);
    return (int)syscall(SYS_getsockopt, fd, level, option, value, length);
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    if (!is_ours(fd))
        return (int)syscall(SYS_bind, fd, address, length);
    current->port = ((const struct sockaddr_nl *)(const void *)address)->nl_pid;
    if (current->port == 0)
        current->port = PORT;
    return 0;
}

int getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
    struct sockaddr_nl own = {.nl_family = AF_NETLINK};

    if (!is_ours(fd))
        return (int)syscall(SYS_getsockname, fd, address, length);
    own.nl_pid = current->port;
    CHECK(*length >= sizeof(own));
    memcpy(address, &own, sizeof(own));
    *length = sizeof(own);
    return 0;
}

static int join(int group)
{
    int error = group == RTNLGRP_LINK ? current->join_error : current->address_join_error;

    if (error)
        return fail(error);
    if (group == RTNLGRP_LINK)
        current->joined = true;
    else
        current->joined_addresses = true;
    return 0;
}

static int leave(int option, const void *value)
{
    if (option == NETLINK_DROP_MEMBERSHIP && *(const int *)value != RTNLGRP_LINK)
        current->joined_addresses = false;
    return 0;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    spend();
    if (level != SOL_NETLINK || !is_ours(fd))
        return (int)syscall(SYS_setsockopt, fd, level, option, value, length);
    if (option != NETLINK_ADD_MEMBERSHIP)
        return leave(option, value);
    return join(*(const int *)value);
}

ssize_t recvmsg(int fd, struct msghdr *header, int flags)
{
    ssize_t n;
    int error;

    spend();
    if (!is_ours(fd))
        return syscall(SYS_recvmsg, fd, header, flags);
    if (current->overrun) {
        current->overrun = false;
        return fail(ENOBUFS);
    }
    error = current->receive_error;
    current->receive_error = 0;
    if (error)
        return fail(error);
    n = syscall(SYS_recvmsg, fd, header, flags);
    if (n < 0 && errno == EAGAIN)
        current->congested = false;
    return n;
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    int accepted = (int)syscall(SYS_accept4, fd, address, length, flags);
    int size = SEND_BUFFER;

    spend();
    if (current && accepted >= 0)
        CHECK(setsockopt(accepted, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
    return accepted;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int64_t now;

    if (!current || !current->now)
        return (int)syscall(SYS_clock_gettime, clock, ret);
    if (current->elapse)
        current->now += current->elapse();
    now = current->now + (clock == CLOCK_REALTIME ? current->realtime : 0);
    *ret = (struct timespec){.tv_sec = now / 1000000, .tv_nsec = now % 1000000 * 1000};
    return 0;
}
