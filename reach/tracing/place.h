/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a traced program wants to have a datagram: its buffers, and what it wants to know about
 * it. */
#ifndef REACH_TRACING_PLACE_H
#define REACH_TRACING_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>

/* As many as the kernel takes. */
#define PLACE_PARTS_MAX 1024

struct place {
    pid_t tid;
    struct iovec parts[PLACE_PARTS_MAX];
    size_t count;
    int flags;
    uint64_t name; /* of the sender's address, 0 for none */
    size_t name_size;
    uint64_t header;       /* the program's struct msghdr, 0 for none */
    struct msghdr message; /* what it holds, if there is one */
    size_t control_room;   /* what it held at first */
};

/* From the registers of a call that received one datagram. control_room is what place_rooms()
 * gave for it. */
void place_take(struct place *place, pid_t tid, const struct user_regs_struct *registers,
                size_t control_room);
/* From a struct msghdr. */
void place_take_header(struct place *place, pid_t tid, uint64_t header, int flags,
                       size_t control_room);

/* At the entry of recvmsg or recvmmsg: how much room each message has for control data, as
 * the kernel puts what it used in the same place. Their number, 0 for lack of memory. */
size_t place_rooms(pid_t tid, const struct user_regs_struct *registers, size_t **ret);

/* Copies out of the place or into it; how much of it was possible. */
size_t place_transfer(const struct place *place, void *data, size_t size, bool writes);

/* What came is for that group (0 for an answer), and was cut or not; adds: the kernel doesn't
 * report the group. */
void place_set_origin(const struct place *place, uint32_t group, bool adds, bool cut);
/* Whether the kernel reported that it was cut. */
bool place_is_cut(const struct place *place);

#endif
