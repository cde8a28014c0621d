/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/deliver.h"

#include <errno.h>
#include <string.h>

#include "reach/handover.h"
#include "reach/preload/ask.h"

static bool read_own(pid_t tid, uint64_t address, void *data, size_t size)
{
    (void)tid;
    memcpy(data, (const void *)(uintptr_t)address, size);
    return true;
}

static bool write_own(pid_t tid, uint64_t address, const void *data, size_t size)
{
    (void)tid;
    memcpy((void *)(uintptr_t)address, data, size);
    return true;
}

static ssize_t replace(const struct receipt *receipt, ssize_t received)
{
    static const struct nlmsghdr nothing = DOORBELL_NOTHING;
    struct request request = {.inode = handover_inode(receipt->fd)};
    struct exchange exchange = {.data = &nothing, .size = sizeof(nothing)};
    struct reply reply;
    int r;

    if (request.inode == 0)
        return received;
    if (receipt->flags & MSG_PEEK)
        request.flags |= REQUEST_PEEK;
    if (receipt->has_others)
        request.flags |= REQUEST_OTHERS;
    r = ask_next(request, receipt->parts, receipt->count, &reply);
    if (r == -ENOENT)
        return received;
    if (r == -ENOBUFS) {
        errno = ENOBUFS;
        return -1;
    }
    /* If the helper can't be asked, the program isn't to see what it didn't ask for. */
    if (r >= 0)
        exchange = (struct exchange){
            .size = reply.size, .group = reply.group, .adds_group = reply.flags & REPLY_ADDS_GROUP};
    return (ssize_t)receipt_put(receipt, &exchange);
}

ssize_t deliver(struct receipt *receipt, const struct msghdr *header, ssize_t received)
{
    static const struct receipt_memory own = {read_own, write_own};

    receipt->memory = &own;
    if (received <= 0 || !receipt_has_doorbell(receipt, (size_t)received) || !ask_is_possible())
        return received;
    if (header)
        receipt_read_header(receipt, (uint64_t)(uintptr_t)header);
    return replace(receipt, received);
}
