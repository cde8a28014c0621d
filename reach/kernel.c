/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The kernel's dumps come in parts of at most 32 KiB; one link with many alternative names or
 * virtual functions can be longer. */
#define FIRST_SIZE 65536

/* The kernel answers while it is asked; elsewhere it can't take long. */
#define ANSWER_SECONDS 1

struct kernel {
    int fd;
    uint32_t sequence;
    char *buffer;
    size_t size;
};

int kernel_new(int fd, struct kernel **ret)
{
    const struct timeval timeout = {.tv_sec = ANSWER_SECONDS};
    struct kernel *kernel = calloc(1, sizeof(*kernel));
    int error;

    if (fd < 0)
        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    error = fd < 0 ? -errno : kernel ? 0 : -ENOMEM;
    if (error) {
        if (fd >= 0)
            close(fd);
        free(kernel);
        return error;
    }
    kernel->fd = fd;
    /* It waits for answers. */
    fcntl(fd, F_SETFL, 0);
    setsockopt(kernel->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    *ret = kernel;
    return 0;
}

struct kernel *kernel_free(struct kernel *kernel)
{
    if (!kernel)
        return NULL;
    close(kernel->fd);
    free(kernel->buffer);
    free(kernel);
    return NULL;
}

/* Index 0 is for all. */
static int request(struct kernel *kernel, int ifindex)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_seq = ++kernel->sequence},
        .info = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex},
    };

    request.header.nlmsg_flags = NLM_F_REQUEST;
    if (ifindex == 0)
        request.header.nlmsg_flags |= NLM_F_DUMP;
    if (sendto(kernel->fd, &request, sizeof(request), 0, (const struct sockaddr *)&address,
               sizeof(address)) < 0)
        return -errno;
    return 0;
}

static int make_room(struct kernel *kernel, size_t size)
{
    char *buffer;

    if (size <= kernel->size)
        return 0;
    buffer = realloc(kernel->buffer, size);
    if (!buffer)
        return -ENOMEM;
    kernel->buffer = buffer;
    kernel->size = size;
    return 0;
}

/* A whole datagram: its size. */
static ssize_t receive(struct kernel *kernel)
{
    int r = make_room(kernel, FIRST_SIZE);
    ssize_t size;

    if (r < 0)
        return r;
    size = recv(kernel->fd, kernel->buffer, kernel->size, MSG_PEEK | MSG_TRUNC);
    if (size < 0)
        return -errno;
    r = make_room(kernel, (size_t)size);
    if (r < 0)
        return r;
    size = recv(kernel->fd, kernel->buffer, kernel->size, 0);
    return size < 0 ? -errno : size;
}

static bool is_link(const struct nlmsghdr *header)
{
    return header->nlmsg_type == RTM_NEWLINK &&
           header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg));
}

/* The end of a dump has one, too, but not in all kernels. */
static int error_of(const struct nlmsghdr *header)
{
    int error = 0;

    if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
        memcpy(&error, NLMSG_DATA(header), sizeof(error));
    return error <= 0 ? error : -EPROTO;
}

int kernel_ask(struct kernel *kernel, int ifindex, const struct nlmsghdr **ret)
{
    int r = request(kernel, ifindex);

    while (r >= 0) {
        ssize_t size = receive(kernel);
        const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)kernel->buffer;

        if (size < 0)
            return (int)size;
        if (!NLMSG_OK(header, (size_t)size) || header->nlmsg_seq != kernel->sequence)
            continue;
        if (is_link(header)) {
            *ret = header;
            return 0;
        }
        r = header->nlmsg_type == NLMSG_ERROR ? error_of(header) : -EPROTO;
        return r < 0 ? r : -EPROTO;
    }
    return r;
}

/* One datagram of a dump; 1 at its end. */
static int take_part(const struct kernel *kernel, size_t size,
                     int (*take)(void *user, const struct nlmsghdr *answer), void *user)
{
    const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)kernel->buffer;
    int r = 0;

    for (; r >= 0 && NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
        if (header->nlmsg_seq != kernel->sequence)
            continue;
        if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
            r = error_of(header);
            return r < 0 ? r : 1;
        }
        if (is_link(header))
            r = take(user, header);
    }
    return r;
}

int kernel_dump(struct kernel *kernel, int (*take)(void *user, const struct nlmsghdr *answer),
                void *user)
{
    int r = request(kernel, 0);

    while (r == 0) {
        ssize_t size = receive(kernel);

        r = size < 0 ? (int)size : take_part(kernel, (size_t)size, take, user);
    }
    return r < 0 ? r : 0;
}
