/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/deliver.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reach/doorbell.h"
#include "reach/origin.h"
#include "reach/policy.h"

/* Copies out of the room or into it; how much of it was possible. */
static size_t transfer(const struct room *room, void *data, size_t size, bool writes)
{
    size_t done = 0;

    for (size_t i = 0; i < room->count && done < size; i++) {
        size_t part = room->parts[i].iov_len < size - done ? room->parts[i].iov_len : size - done;
        char *ours = (char *)data + done;

        if (part == 0)
            continue;
        if (writes)
            memcpy(room->parts[i].iov_base, ours, part);
        else
            memcpy(ours, room->parts[i].iov_base, part);
        done += part;
    }
    return done;
}

/* Others are for other families of messages, whose groups have the same numbers. */
static bool is_rtnetlink(int fd)
{
    struct sockaddr_nl address;
    socklen_t size = sizeof(address), protocol_size = sizeof(int);
    int protocol = NETLINK_ROUTE;

    if (syscall(SYS_getsockname, fd, &address, &size) < 0 || size != sizeof(address) ||
        address.nl_family != AF_NETLINK)
        return false;
    return syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &protocol_size) < 0 ||
           protocol == NETLINK_ROUTE;
}

uint64_t deliver_inode(int fd)
{
    struct stat status;
    int error = errno;
    uint64_t inode = is_rtnetlink(fd) && fstat(fd, &status) == 0 ? status.st_ino : 0;

    errno = error;
    return inode;
}

/* So far by its bytes alone. */
static bool has_doorbell(const struct receipt *receipt, size_t received)
{
    struct nlmsghdr header;
    size_t size = received < sizeof(header) ? received : sizeof(header);

    size = transfer(&receipt->room, &header, size, false);
    if (size < sizeof(header) && deliver_inode(receipt->fd) == 0)
        return false;
    return doorbell_was_received(receipt->fd, receipt->flags, &header, size);
}

static size_t size_of(const struct room *room)
{
    size_t size = 0;

    for (size_t i = 0; i < room->count; i++)
        size += room->parts[i].iov_len;
    return size;
}

static void set_groups(struct sockaddr *address, socklen_t size, uint32_t group)
{
    const uint32_t groups = policy_mask(group);

    if (address && size >= sizeof(struct sockaddr_nl))
        memcpy((char *)address + ORIGIN_GROUPS_OFFSET, &groups, sizeof(groups));
}

static void set_control(const struct receipt *receipt, uint32_t group, bool adds)
{
    struct msghdr *header = receipt->header;
    struct origin_control control = {
        .data = header->msg_control,
        .size = header->msg_control ? header->msg_controllen : 0,
        .room = header->msg_control ? receipt->control_room : 0,
    };

    origin_set_group(&control, group, adds);
    if (control.is_cut)
        header->msg_flags |= MSG_CTRUNC;
    header->msg_controllen = control.size;
}

static void set_origin(const struct receipt *receipt, const struct reply *reply, bool cut)
{
    struct msghdr *header = receipt->header;

    if (reply->group && receipt->address && receipt->address_size)
        set_groups(receipt->address, *receipt->address_size, reply->group);
    if (!header)
        return;
    if (reply->group)
        set_groups(header->msg_name, header->msg_namelen, reply->group);
    header->msg_flags = cut ? header->msg_flags | MSG_TRUNC : header->msg_flags & ~MSG_TRUNC;
    set_control(receipt, reply->group, reply->flags & REPLY_ADDS_GROUP);
}

/* The doorbell in the room was replaced by that message. */
static ssize_t finish(const struct receipt *receipt, const struct reply *reply)
{
    size_t room = size_of(&receipt->room), size = reply->size;

    set_origin(receipt, reply, size > room);
    return (ssize_t)(size <= room || (receipt->flags & MSG_TRUNC) ? size : room);
}

/* The helper can't be asked: what the program didn't ask for, it isn't to see. */
static ssize_t put_nothing(const struct receipt *receipt)
{
    struct nlmsghdr nothing = DOORBELL_NOTHING;
    const struct reply reply = {.size = sizeof(nothing)};

    transfer(&receipt->room, &nothing, sizeof(nothing), true);
    return finish(receipt, &reply);
}

static ssize_t replace(const struct receipt *receipt, ssize_t received)
{
    struct request request = {.inode = deliver_inode(receipt->fd)};
    struct reply reply;
    int r;

    if (request.inode == 0)
        return received;
    if (receipt->flags & MSG_PEEK)
        request.flags |= REQUEST_PEEK;
    if (receipt->whole)
        request.flags |= REQUEST_WHOLE;
    r = ask_next(request, &receipt->room, &reply);
    if (r >= 0)
        return finish(receipt, &reply);
    if (r == -ENOENT)
        return received;
    if (r == -ENOBUFS) {
        errno = ENOBUFS;
        return -1;
    }
    return put_nothing(receipt);
}

ssize_t deliver(const struct receipt *receipt, ssize_t received)
{
    if (received <= 0 || !has_doorbell(receipt, (size_t)received) || !ask_is_possible())
        return received;
    return replace(receipt, received);
}
