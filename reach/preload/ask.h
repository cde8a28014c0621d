/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's side of the talk with the helper. All of it may be called from any thread,
 * from signal handlers and between vfork() and exec(): it keeps nothing but the address,
 * takes no lock, is no point of cancellation, and leaves errno as it is. */
#ifndef REACH_PRELOAD_ASK_H
#define REACH_PRELOAD_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "reach/preload/protocol.h"

/* Takes the helper's address from the environment. Without one, nobody can be asked. */
void ask_begin(void);
bool ask_is_possible(void);

/* The helper's result, with its reply; -EPIPE, or what else was in the way, if it doesn't answer.
 * fd: a duplicate of it is sent along; -1 for none. */
int ask(struct request request, int fd, struct reply *ret);
/* REQUEST_NEXT: the message is received into these parts, as far as it fits. */
int ask_next(struct request request, const struct iovec *parts, size_t count, struct reply *ret);

#endif
