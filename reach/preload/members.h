/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that the helper serves, which have loaded the library. */
#ifndef REACH_PRELOAD_MEMBERS_H
#define REACH_PRELOAD_MEMBERS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct member {
    pid_t process;
    int pidfd; /* -1 where there is no such thing: gVisor of 2022 */
};

/* All zero at first. */
struct members {
    struct member *members;
    size_t count;
    size_t room;
};

/* 1 if it was there already, 0 if it is new. */
int members_add(struct members *list, pid_t process);
bool members_has(const struct members *list, pid_t process);

/* The polls of the descriptors that show an end. */
void members_prepare(const struct members *list, struct pollfd *polls);
/* Whether there are some whose end no descriptor shows, so that they must be reviewed now and then.
 */
bool members_need_review(const struct members *list);

/* Forgets those that ended. Whether any did. */
bool members_review(struct members *list);

#endif
