/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/place.h"

#include <stdlib.h>
#include <sys/syscall.h>

#include "reach/tracing/tracee.h"

/* The kernel accepts no more messages in one call. */
#define MESSAGES_MAX 1024

static bool read_theirs(pid_t tid, uint64_t address, void *data, size_t size)
{
    return tracee_read(tid, address, data, size) == (ssize_t)size;
}

static bool write_theirs(pid_t tid, uint64_t address, const void *data, size_t size)
{
    return tracee_write(tid, address, data, size) >= 0;
}

static const struct receipt_memory theirs = {read_theirs, write_theirs};

static void take_parts(struct place *place, uint64_t address, uint64_t count)
{
    if (count > PLACE_PARTS_MAX)
        count = PLACE_PARTS_MAX;
    if (read_theirs(place->receipt.tid, address, place->parts, count * sizeof(struct iovec)))
        place->receipt.count = count;
}

static void begin(struct place *place, pid_t tid, int fd, int flags, size_t control_room)
{
    place->receipt = (struct receipt){
        .memory = &theirs,
        .tid = tid,
        .fd = fd,
        .parts = place->parts,
        .flags = flags,
        .control_room = control_room,
    };
}

void place_take_header(struct place *place, pid_t tid, int fd, uint64_t header, int flags,
                       size_t control_room)
{
    const struct msghdr *message = &place->receipt.message;

    begin(place, tid, fd, flags, control_room);
    if (receipt_read_header(&place->receipt, header))
        take_parts(place, (uint64_t)(uintptr_t)message->msg_iov, message->msg_iovlen);
}

static void take_address(struct receipt *receipt, const struct user_regs_struct *registers)
{
    socklen_t size;

    if (registers->r8 == 0 || !read_theirs(receipt->tid, registers->r9, &size, sizeof(size)))
        return;
    receipt->name = registers->r8;
    receipt->name_size = size;
}

void place_take(struct place *place, pid_t tid, int fd, const struct user_regs_struct *registers,
                size_t control_room)
{
    bool has_flags = registers->orig_rax == SYS_recvfrom;

    if (registers->orig_rax == SYS_recvmsg) {
        place_take_header(place, tid, fd, registers->rsi, (int)registers->rdx, control_room);
        return;
    }
    begin(place, tid, fd, has_flags ? (int)registers->r10 : 0, control_room);
    if (registers->orig_rax == SYS_readv) {
        take_parts(place, registers->rsi, registers->rdx);
        return;
    }
    if (has_flags)
        take_address(&place->receipt, registers);
    place->parts[0] =
        (struct iovec){.iov_base = (void *)(uintptr_t)registers->rsi, .iov_len = registers->rdx};
    place->receipt.count = 1;
}

size_t place_rooms(pid_t tid, const struct user_regs_struct *registers, size_t **ret)
{
    bool many = registers->orig_rax == SYS_recvmmsg;
    size_t count = many ? (size_t)registers->rdx : registers->orig_rax == SYS_recvmsg;
    size_t step = many ? sizeof(struct mmsghdr) : 0, *rooms;

    if (count > MESSAGES_MAX)
        count = MESSAGES_MAX;
    if (count == 0)
        return 0;
    rooms = calloc(count, sizeof(*rooms));
    if (!rooms)
        return 0;
    for (size_t i = 0; i < count; i++)
        tracee_read(tid, registers->rsi + i * step + offsetof(struct msghdr, msg_controllen),
                    &rooms[i], sizeof(rooms[i]));
    *ret = rooms;
    return count;
}
