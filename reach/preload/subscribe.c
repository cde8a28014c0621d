#include "reach/preload/subscribe.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reach/denial.h"
#include "reach/preload/ask.h"
#include "reach/preload/deliver.h"
#include "reach/preload/real.h"

/* What is received is looked at more closely then. It stays as it is for a child. */
static bool adds_groups;

bool subscribe_adds_groups(void)
{
    return adds_groups;
}

/* Only if it is sure that the kernel has read it. */
static bool take_address(const struct sockaddr *address, socklen_t size, struct sockaddr_nl *ret)
{
    if (!address || size < sizeof(*ret) || size > sizeof(struct sockaddr_storage))
        return false;
    memcpy(ret, address, sizeof(*ret));
    return ret->nl_family == AF_NETLINK;
}

static int bind_once(int fd, const struct sockaddr_nl *address)
{
    return real()->bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
}

/* The helper may hold a port that the program has left. */
static int bind_to(int fd, const struct sockaddr_nl *address)
{
    const struct request review = {.kind = REQUEST_REVIEW};
    int error = bind_once(fd, address);

    if (error == EADDRINUSE && ask(review) >= 0)
        error = bind_once(fd, address);
    return error;
}

static bool is_bound(int fd)
{
    struct sockaddr_nl address = {0};
    socklen_t size = sizeof(address);

    return syscall(SYS_getsockname, fd, &address, &size) == 0 && address.nl_pid != 0;
}

/* Whether the helper tells this socket of links. */
static bool is_told(int fd, uint32_t flags)
{
    const struct request request = {
        .kind = REQUEST_KNOW, .flags = flags, .inode = deliver_inode(fd)};

    return request.inode != 0 && ask(request) > 0;
}

/* Whether the subscription is made, by whomever. */
static bool make(int fd, uint32_t flags)
{
    const struct request request = {
        .kind = REQUEST_SUBSCRIBE, .flags = flags, .inode = deliver_inode(fd)};

    return request.inode != 0 && ask_with(request, fd) >= 0;
}

/* Without the groups. If that is denied too, the kernel binds it when something is sent;
 * bound already is as good. */
static int bind_plainly(int fd, struct sockaddr_nl address)
{
    int error;

    address.nl_groups = 0;
    error = bind_to(fd, &address);
    if (is_denial(error) || (error == EINVAL && address.nl_pid == 0 && is_bound(fd)))
        return 0;
    return error;
}

static int subscribe_to(int fd, const struct sockaddr_nl *address, int error)
{
    uint32_t flags = address->nl_groups == RTMGRP_LINK ? 0 : REQUEST_GROUPS;
    int plain;

    if (error == 0) {
        make(fd, flags);
        return 0;
    }
    plain = bind_plainly(fd, *address);
    if (plain != 0)
        return plain;
    return make(fd, flags | REQUEST_DENIED) ? 0 : error;
}

static bool is_of_interest(int error)
{
    return error == 0 || error == EADDRINUSE || error == EINVAL || is_denial(error);
}

int subscribe_by_bind(int fd, const struct sockaddr *address, socklen_t size, int error)
{
    struct sockaddr_nl wanted;

    if (!ask_is_possible() || !is_of_interest(error) || !take_address(address, size, &wanted))
        return error;
    if (error == EADDRINUSE)
        error = bind_to(fd, &wanted);
    if ((wanted.nl_groups & RTMGRP_LINK) && (error == 0 || is_denial(error)))
        return subscribe_to(fd, &wanted, error);
    /* It joined before, for which we bound it. */
    if (error == EINVAL && wanted.nl_pid == 0 && is_bound(fd) && is_told(fd, 0))
        return 0;
    return error;
}

/* The helper's doorbell would bind it to a number that isn't the program's. */
static void bind_somehow(int fd)
{
    const struct sockaddr_nl any = {.nl_family = AF_NETLINK};

    if (!is_bound(fd))
        bind_to(fd, &any);
}

int subscribe_by_join(int fd, const void *value, socklen_t size, int error)
{
    int group;

    if (!ask_is_possible() || (error != 0 && !is_denial(error)) || !value || size < sizeof(group))
        return error;
    memcpy(&group, value, sizeof(group));
    /* Another group of a socket that is subscribed to links: without its updates the program
     * has still more than with a failure. */
    if (group != RTNLGRP_LINK)
        return error != 0 && is_told(fd, REQUEST_GROUPS) ? 0 : error;
    if (error == 0) {
        make(fd, 0);
        return 0;
    }
    if (deliver_inode(fd) == 0)
        return error;
    bind_somehow(fd);
    return make(fd, REQUEST_DENIED) ? 0 : error;
}

ssize_t subscribe_send(int fd, const void *data, size_t size, int flags,
                       const struct sockaddr *address, socklen_t address_size)
{
    struct sockaddr_nl wanted;
    int error = errno;

    if (!ask_is_possible() || !is_denial(error) || !take_address(address, address_size, &wanted) ||
        wanted.nl_groups == 0 || !is_told(fd, 0)) {
        errno = error;
        return -1;
    }
    wanted.nl_groups = 0;
    return real()->sendto(fd, data, size, flags, (const struct sockaddr *)&wanted, sizeof(wanted));
}
