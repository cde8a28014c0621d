/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Since Linux 5.14; older headers don't have it. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* A control message for one descriptor has room for two, because of its padding. */
#define DESCRIPTORS_MAX 2

int handover_choose_name(char name[HANDOVER_NAME_SIZE])
{
    uint64_t chosen;

    if (getrandom(&chosen, sizeof(chosen), 0) != sizeof(chosen))
        return -EIO;
    snprintf(name, HANDOVER_NAME_SIZE, "linkwatch-run-%d-%016" PRIx64, (int)getpid(), chosen);
    return 0;
}

int handover_address_of(const char *name, struct handover_address *ret)
{
    size_t length = strlen(name);

    if (length >= sizeof(ret->address.sun_path))
        return -ENAMETOOLONG;
    *ret = (struct handover_address){
        .address = {.sun_family = AF_UNIX},
        .size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)};
    memcpy(ret->address.sun_path + 1, name, length);
    return 0;
}

int handover_bind(const struct handover_address *address, int type)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r;

    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&address->address, address->size) == 0)
        return fd;
    r = -errno;
    close(fd);
    return r;
}

int handover_take(const struct msghdr *message)
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fds[DESCRIPTORS_MAX];
    size_t count;

    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return -1;
    count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(fds[0]);
    if (count > DESCRIPTORS_MAX)
        return -1;
    memcpy(fds, CMSG_DATA(header), count * sizeof(fds[0]));
    if (count == 1 && !(message->msg_flags & MSG_CTRUNC))
        return fds[0];
    while (count > 0)
        close(fds[--count]);
    return -1;
}

static int get_number(int fd, int option, int other)
{
    int value = other;
    socklen_t size = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : other;
}

uint64_t handover_inode(int fd)
{
    struct stat status;
    int error = errno;
    /* Others are for other families of messages, whose groups have the same numbers. */
    uint64_t inode = get_number(fd, SO_DOMAIN, AF_UNSPEC) == AF_NETLINK &&
                             get_number(fd, SO_PROTOCOL, -1) == NETLINK_ROUTE &&
                             fstat(fd, &status) == 0
                         ? status.st_ino
                         : 0;

    errno = error;
    return inode;
}

uint64_t handover_cookie(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);

    return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}
