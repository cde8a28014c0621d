/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The seccomp filter of the program: the system calls at which it stops for the tracer. */
#ifndef REACH_TRACING_SECCOMP_H
#define REACH_TRACING_SECCOMP_H

#include <stdbool.h>

/* Where the program's rtnetlink sockets are moved to, so that a filter can distinguish calls on
 * them by the number of the descriptor: count numbers from first on, below 1024 because
 * of select(2); when these are taken, far_count numbers from far on, higher than those of most
 * programs' other files, calls on which would stop for nothing. Both counts are powers of two
 * (far_count may be 0), and what they begin with is a multiple of them. */
struct range {
    int first;
    int count;
    int far;
    int far_count;
};

/* The first part as high as the limit of open files lets it be, the other one as high as that could
 * be raised. -EMFILE: there is no room for any. */
int range_choose(struct range *ret);
bool range_has(const struct range *range, int fd);

/* Installs the filter for this thread and its descendants. Without privilege, set-user-ID programs
 * gain none from then on. */
int filter_install(const struct range *range);

#endif
