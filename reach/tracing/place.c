/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/place.h"

#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "reach/origin.h"
#include "reach/policy.h"
#include "reach/tracing/tracee.h"

/* The kernel takes no more messages in one call. */
#define MESSAGES_MAX 1024

/* More control data than rtnetlink sockets ever have. */
#define CONTROL_MAX 1024

static bool read_struct(pid_t tid, uint64_t address, void *ret, size_t size)
{
    return tracee_read(tid, address, ret, size) == (ssize_t)size;
}

static void take_parts(struct place *place, uint64_t address, uint64_t count)
{
    size_t size;

    if (count > PLACE_PARTS_MAX)
        count = PLACE_PARTS_MAX;
    size = count * sizeof(struct iovec);
    if (read_struct(place->tid, address, place->parts, size))
        place->count = count;
}

static void clear(struct place *place, pid_t tid)
{
    place->tid = tid;
    place->count = 0;
    place->flags = 0;
    place->name = 0;
    place->name_size = 0;
    place->header = 0;
    place->control_room = 0;
}

void place_take_header(struct place *place, pid_t tid, uint64_t header, int flags,
                       size_t control_room)
{
    clear(place, tid);
    place->flags = flags;
    place->control_room = control_room;
    if (!read_struct(tid, header, &place->message, sizeof(place->message)))
        return;
    place->header = header;
    place->name = (uint64_t)(uintptr_t)place->message.msg_name;
    place->name_size = place->message.msg_namelen;
    take_parts(place, (uint64_t)(uintptr_t)place->message.msg_iov, place->message.msg_iovlen);
}

static void take_address(struct place *place, const struct user_regs_struct *registers)
{
    socklen_t size;

    if (registers->r8 == 0 || !read_struct(place->tid, registers->r9, &size, sizeof(size)))
        return;
    place->name = registers->r8;
    place->name_size = size;
}

void place_take(struct place *place, pid_t tid, const struct user_regs_struct *registers,
                size_t control_room)
{
    if (registers->orig_rax == SYS_recvmsg) {
        place_take_header(place, tid, registers->rsi, (int)registers->rdx, control_room);
        return;
    }
    clear(place, tid);
    if (registers->orig_rax == SYS_readv) {
        take_parts(place, registers->rsi, registers->rdx);
        return;
    }
    if (registers->orig_rax == SYS_recvfrom) {
        place->flags = (int)registers->r10;
        take_address(place, registers);
    }
    place->parts[0].iov_base = (void *)(uintptr_t)registers->rsi;
    place->parts[0].iov_len = registers->rdx;
    place->count = 1;
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

size_t place_transfer(const struct place *place, void *data, size_t size, bool writes)
{
    size_t done = 0;

    for (size_t i = 0; i < place->count && done < size; i++) {
        uint64_t address = (uint64_t)(uintptr_t)place->parts[i].iov_base;
        size_t part = place->parts[i].iov_len < size - done ? place->parts[i].iov_len : size - done;
        char *ours = (char *)data + done;

        if (part == 0)
            continue;
        if (writes ? tracee_write(place->tid, address, ours, part) < 0
                   : !read_struct(place->tid, address, ours, part))
            break;
        done += part;
    }
    return done;
}

bool place_is_cut(const struct place *place)
{
    return place->header && (place->message.msg_flags & MSG_TRUNC);
}

static void set_groups(const struct place *place, uint32_t groups)
{
    if (place->name && place->name_size >= sizeof(struct sockaddr_nl))
        tracee_write(place->tid, place->name + ORIGIN_GROUPS_OFFSET, &groups, sizeof(groups));
}

/* The control data as it is in the program then. */
static void set_control(const struct place *place, uint32_t group, bool adds,
                        struct msghdr *message)
{
    uint64_t address = (uint64_t)(uintptr_t)message->msg_control;
    char data[CONTROL_MAX];
    struct origin_control control = {
        .data = data,
        .size = address ? message->msg_controllen : 0,
        .room = adds && address ? place->control_room : 0,
    };

    if (control.room > sizeof(data))
        control.room = sizeof(data);
    if (control.size > sizeof(data) || !read_struct(place->tid, address, data, control.size))
        return;
    if (control.room < control.size)
        control.room = control.size;
    origin_set_group(&control, group, adds);
    if (control.is_cut)
        message->msg_flags |= MSG_CTRUNC;
    message->msg_controllen = control.size;
    tracee_write(place->tid, address, data, control.size);
}

void place_set_origin(const struct place *place, uint32_t group, bool adds, bool cut)
{
    struct msghdr message = place->message;

    if (group != 0)
        set_groups(place, policy_mask(group));
    if (!place->header)
        return;
    message.msg_flags = cut ? message.msg_flags | MSG_TRUNC : message.msg_flags & ~MSG_TRUNC;
    set_control(place, group, adds, &message);
    /* The flags are behind the size. */
    tracee_write(place->tid, place->header + offsetof(struct msghdr, msg_controllen),
                 &message.msg_controllen,
                 offsetof(struct msghdr, msg_flags) + sizeof(message.msg_flags) -
                     offsetof(struct msghdr, msg_controllen));
}
