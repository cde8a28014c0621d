/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's side of the protocol. All functions may be called from any thread, from signal
 * handlers, and between vfork() and exec(): they store nothing but the address, take no locks, are
 * not cancellation points, and do not change errno. */
#ifndef REACH_PRELOAD_ASK_H
#define REACH_PRELOAD_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "reach/preload/protocol.h"

/* Reads the helper's address from the environment. Without one, there is no helper. */
void ask_begin(void);
bool ask_is_possible(void);

/* The helper's result, with its reply; -EPIPE or another error if it does not answer. fd is passed
 * to the helper; -1 for none. */
int ask(struct request request, int fd, struct reply *ret);
/* REQUEST_NEXT: the message is received into these parts, as far as it fits. */
int ask_next(struct request request, const struct iovec *parts, size_t count, struct reply *ret);

#endif
