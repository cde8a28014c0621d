/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The receipt of a call of a traced program. */
#ifndef REACH_TRACING_PLACE_H
#define REACH_TRACING_PLACE_H

#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "reach/receipt.h"

/* As many as the kernel accepts. */
#define PLACE_PARTS_MAX 1024

struct place {
    struct receipt receipt;
    struct iovec parts[PLACE_PARTS_MAX];
};

/* fd is a duplicate of the socket. From the registers of a call that received one message;
 * control_room is what place_rooms() returned for that. */
void place_take(struct place *place, pid_t tid, int fd, const struct user_regs_struct *registers,
                size_t control_room);
/* From a struct msghdr. */
void place_take_header(struct place *place, pid_t tid, int fd, uint64_t header, int flags,
                       size_t control_room);

/* At the entry of recvmsg() or recvmmsg(): how much room each message has for control data; the
 * kernel replaces that by the size that it used. Their number, 0 for lack of memory. */
size_t place_rooms(pid_t tid, const struct user_regs_struct *registers, size_t **ret);

#endif
