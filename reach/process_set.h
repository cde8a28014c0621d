/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of processes, by process ID. */
#ifndef REACH_PROCESS_SET_H
#define REACH_PROCESS_SET_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <sys/types.h>

struct process_entry {
    RB_ENTRY(process_entry) node;
    pid_t pid;
};

/* Empty if it is all zero. */
RB_HEAD(process_set, process_entry);
RB_PROTOTYPE(process_set, process_entry, node, compare)

/* 1, 0 if it was in the set before, or -ENOMEM. */
int process_set_add(struct process_set *set, pid_t pid);
void process_set_remove(struct process_set *set, pid_t pid);
void process_set_remove_all(struct process_set *set);
bool process_set_has(const struct process_set *set, pid_t pid);

#endif
