/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that the helper serves, which have loaded the library. */
#ifndef REACH_PRELOAD_MEMBERS_H
#define REACH_PRELOAD_MEMBERS_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

RB_HEAD(member_tree, member);

struct members {
    struct member_tree tree;
    int epoll_fd;  /* readable when one ended */
    size_t hidden; /* those whose end no descriptor shows: gVisor of 2022 */
};

/* None yet. 0 or -errno. */
int members_begin(struct members *members);

/* 1 if it was there already, 0 if it is new. */
int members_add(struct members *members, pid_t process);
bool members_has(const struct members *members, pid_t process);

/* Removes one that ended; 0 if none did. */
pid_t members_take_ended(struct members *members);

#endif
