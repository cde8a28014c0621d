/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/daemon_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/linkwatch.h"

/* Linux 6.16; older headers lack it. */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

const char *linkwatch_default_path(void)
{
    const char *path = secure_getenv("LINKWATCH_SOCKET");

    return path && *path ? path : DEFAULT_SOCKET;
}

/* A reply has no descriptors, and closing one that came with it may take as long as its owner
 * likes. Older kernels hand it over. */
static void refuse_descriptors(int fd)
{
    int expected = 0;

    (void)setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &expected, sizeof(expected));
}

int socket_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;
    int r;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    refuse_descriptors(fd);
    do
        r = connect(fd, (struct sockaddr *)&address, sizeof(address));
    while (r < 0 && errno == EINTR);
    if (r < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

/* The errno of a transfer: 0 if it can't be made now. */
static int transfer_error(void)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return 0;
    return errno == EPIPE ? -ECONNRESET : -errno;
}

ssize_t socket_send(int fd, const char *bytes, size_t size, int passed_fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec piece = {.iov_base = (char *)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t n;

    if (passed_fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control.room);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &passed_fd, sizeof(int));
    }
    do
        n = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? transfer_error() : n;
}

int socket_receive(int fd, struct frame *frame)
{
    char *room;
    size_t size;
    ssize_t n;
    int r = frame_reserve(frame, &room, &size);

    if (r < 0)
        return r;
    do
        n = recv(fd, room, size, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return transfer_error();
    if (n == 0)
        return -ECONNRESET;
    frame_filled(frame, (size_t)n);
    return 1;
}
