/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/link_query.h"

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

struct link_query {
    int fd;
    uint32_t sequence;
    char *buffer;
    size_t size;
};

int link_query_new(int fd, struct link_query **ret)
{
    const struct timeval timeout = {.tv_sec = ANSWER_SECONDS};
    struct link_query *query = calloc(1, sizeof(*query));
    int error;

    if (fd < 0)
        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    error = fd < 0 ? -errno : query ? 0 : -ENOMEM;
    if (error) {
        if (fd >= 0)
            close(fd);
        free(query);
        return error;
    }
    query->fd = fd;
    /* It waits for answers. */
    fcntl(fd, F_SETFL, 0);
    setsockopt(query->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    *ret = query;
    return 0;
}

struct link_query *link_query_free(struct link_query *query)
{
    if (!query)
        return NULL;
    close(query->fd);
    free(query->buffer);
    free(query);
    return NULL;
}

/* Index 0 is for all. */
static int request(struct link_query *query, int ifindex)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_seq = ++query->sequence},
        .info = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex},
    };

    request.header.nlmsg_flags = NLM_F_REQUEST;
    if (ifindex == 0)
        request.header.nlmsg_flags |= NLM_F_DUMP;
    if (sendto(query->fd, &request, sizeof(request), 0, (const struct sockaddr *)&address,
               sizeof(address)) < 0)
        return -errno;
    return 0;
}

static int make_room(struct link_query *query, size_t size)
{
    char *buffer;

    if (size <= query->size)
        return 0;
    buffer = realloc(query->buffer, size);
    if (!buffer)
        return -ENOMEM;
    query->buffer = buffer;
    query->size = size;
    return 0;
}

/* A whole datagram: its size. */
static ssize_t receive(struct link_query *query)
{
    int r = make_room(query, FIRST_SIZE);
    ssize_t size;

    if (r < 0)
        return r;
    size = recv(query->fd, query->buffer, query->size, MSG_PEEK | MSG_TRUNC);
    if (size < 0)
        return -errno;
    r = make_room(query, (size_t)size);
    if (r < 0)
        return r;
    size = recv(query->fd, query->buffer, query->size, 0);
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

int link_query_one(struct link_query *query, int ifindex, const struct nlmsghdr **ret)
{
    int r = request(query, ifindex);

    while (r >= 0) {
        ssize_t size = receive(query);
        const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)query->buffer;

        if (size < 0)
            return (int)size;
        if (!NLMSG_OK(header, (size_t)size) || header->nlmsg_seq != query->sequence)
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
static int take_part(const struct link_query *query, size_t size,
                     int (*take)(void *user, const struct nlmsghdr *answer), void *user)
{
    const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)query->buffer;
    int r = 0;

    for (; r >= 0 && NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
        if (header->nlmsg_seq != query->sequence)
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

int link_query_all(struct link_query *query, int (*take)(void *user, const struct nlmsghdr *answer),
                   void *user)
{
    int r = request(query, 0);

    while (r == 0) {
        ssize_t size = receive(query);

        r = size < 0 ? (int)size : take_part(query, (size_t)size, take, user);
    }
    return r < 0 ? r : 0;
}
