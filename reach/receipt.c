/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/receipt.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reach/doorbell.h"
#include "reach/handover.h"
#include "reach/policy.h"

/* More control data than rtnetlink sockets ever have. */
#define CONTROL_MAX 1024

/* The control data of a received message. */
struct control {
    char data[CONTROL_MAX];
    size_t size;
    size_t room;
};

size_t receipt_parts_size(const struct iovec *parts, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

bool receipt_read_header(struct receipt *receipt, uint64_t header)
{
    if (!receipt->memory->read(receipt->tid, header, &receipt->message, sizeof(receipt->message)))
        return false;
    receipt->header = header;
    receipt->name = (uint64_t)(uintptr_t)receipt->message.msg_name;
    receipt->name_size = receipt->message.msg_namelen;
    return true;
}

/* Copies from or to the parts. Returns how many bytes were copied. */
static size_t transfer(const struct receipt *receipt, void *data, size_t size, bool writes)
{
    size_t done = 0;

    for (size_t i = 0; i < receipt->count && done < size; i++) {
        const struct iovec *part = &receipt->parts[i];
        uint64_t address = (uint64_t)(uintptr_t)part->iov_base;
        size_t length = part->iov_len < size - done ? part->iov_len : size - done;
        char *ours = (char *)data + done;

        if (length == 0)
            continue;
        if (writes ? !receipt->memory->write(receipt->tid, address, ours, length)
                   : !receipt->memory->read(receipt->tid, address, ours, length))
            break;
        done += length;
    }
    return done;
}

/* Whether the first message in that socket's queue is a doorbell. */
static bool is_queued(int fd)
{
    struct nlmsghdr header;
    int error = errno;
    long n =
        syscall(SYS_recvfrom, fd, &header, sizeof(header), MSG_PEEK | MSG_DONTWAIT, NULL, NULL);

    errno = error;
    return n == sizeof(header) && is_doorbell(&header, sizeof(header));
}

bool receipt_has_doorbell(const struct receipt *receipt, size_t received)
{
    struct nlmsghdr header;
    size_t size = received < sizeof(header) ? received : sizeof(header);

    size = transfer(receipt, &header, size, false);
    if (size == sizeof(header))
        return is_doorbell(&header, size);
    /* A call that peeks may only ask for the size. The message is in the queue then. */
    return (receipt->flags & MSG_PEEK) && handover_inode(receipt->fd) && is_queued(receipt->fd);
}

/* Returns the offset of NETLINK_PKTINFO, the size of all if there is none. */
static size_t find_pktinfo(const struct control *control)
{
    size_t offset = 0;
    struct cmsghdr header;

    while (control->size - offset >= sizeof(header)) {
        memcpy(&header, control->data + offset, sizeof(header));
        if (header.cmsg_len < sizeof(header) || header.cmsg_len > control->size - offset)
            return control->size;
        if (header.cmsg_level == SOL_NETLINK && header.cmsg_type == NETLINK_PKTINFO &&
            header.cmsg_len == CMSG_LEN(sizeof(struct nl_pktinfo)))
            return offset;
        if (CMSG_ALIGN(header.cmsg_len) >= control->size - offset)
            return control->size;
        offset += CMSG_ALIGN(header.cmsg_len);
    }
    return control->size;
}

/* Sets the group in NETLINK_PKTINFO; if adds is true, also if the kernel did not add that. False if
 * there is no room. */
static bool set_pktinfo(struct control *control, uint32_t group, bool adds)
{
    const struct nl_pktinfo pktinfo = {.group = group};
    const struct cmsghdr header = {.cmsg_len = CMSG_LEN(sizeof(pktinfo)),
                                   .cmsg_level = SOL_NETLINK,
                                   .cmsg_type = NETLINK_PKTINFO};
    size_t offset = find_pktinfo(control);

    if (offset == control->size) {
        if (!adds)
            return true;
        if (control->room - offset < CMSG_LEN(sizeof(pktinfo)))
            return false;
        memcpy(control->data + offset, &header, sizeof(header));
        control->size += CMSG_SPACE(sizeof(pktinfo));
        if (control->size > control->room)
            control->size = control->room;
    }
    memcpy(control->data + offset + CMSG_LEN(0), &pktinfo, sizeof(pktinfo));
    return true;
}

static void set_control(const struct receipt *receipt, uint32_t group, bool adds,
                        struct msghdr *message)
{
    uint64_t address = (uint64_t)(uintptr_t)message->msg_control;
    struct control control = {
        .size = address ? message->msg_controllen : 0,
        .room = adds && address ? receipt->control_room : 0,
    };

    if (control.room > sizeof(control.data))
        control.room = sizeof(control.data);
    if (control.size > sizeof(control.data) ||
        !receipt->memory->read(receipt->tid, address, control.data, control.size))
        return;
    if (control.room < control.size)
        control.room = control.size;
    if (!set_pktinfo(&control, group, adds))
        message->msg_flags |= MSG_CTRUNC;
    message->msg_controllen = control.size;
    receipt->memory->write(receipt->tid, address, control.data, control.size);
}

static void set_origin(const struct receipt *receipt, uint32_t group, bool adds, bool is_cut)
{
    const uint32_t groups = policy_mask(group);
    struct msghdr message = receipt->message;

    if (group != 0 && receipt->name && receipt->name_size >= sizeof(struct sockaddr_nl))
        receipt->memory->write(receipt->tid,
                               receipt->name + offsetof(struct sockaddr_nl, nl_groups), &groups,
                               sizeof(groups));
    if (!receipt->header)
        return;
    message.msg_flags = is_cut ? message.msg_flags | MSG_TRUNC : message.msg_flags & ~MSG_TRUNC;
    set_control(receipt, group, adds, &message);
    /* The flags follow the size. */
    receipt->memory->write(receipt->tid, receipt->header + offsetof(struct msghdr, msg_controllen),
                           &message.msg_controllen,
                           offsetof(struct msghdr, msg_flags) + sizeof(message.msg_flags) -
                               offsetof(struct msghdr, msg_controllen));
}

size_t receipt_put(const struct receipt *receipt, const struct exchange *exchange)
{
    size_t room = receipt_parts_size(receipt->parts, receipt->count);
    size_t written = exchange->size < room ? exchange->size : room;

    if (exchange->data)
        written = transfer(receipt, (void *)(uintptr_t)exchange->data, exchange->size, true);
    set_origin(receipt, exchange->group, exchange->adds_group, written < exchange->size);
    return receipt->flags & MSG_TRUNC ? exchange->size : written;
}

void receipt_add_no_group(const struct receipt *receipt)
{
    set_origin(receipt, 0, true, receipt->message.msg_flags & MSG_TRUNC);
}
