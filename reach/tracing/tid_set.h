/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of threads or processes, by their ids. */
#ifndef REACH_TRACING_TID_SET_H
#define REACH_TRACING_TID_SET_H

#include <stdbool.h>
#include <sys/types.h>

struct tid_set {
    void *tree; /* NULL if it is empty */
};

/* 1, 0 if it was in the set before, or -ENOMEM. */
int tid_set_add(struct tid_set *set, pid_t tid);
void tid_set_remove(struct tid_set *set, pid_t tid);
void tid_set_remove_all(struct tid_set *set);
bool tid_set_has(const struct tid_set *set, pid_t tid);

#endif
