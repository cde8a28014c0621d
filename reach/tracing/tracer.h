/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracer of the program and all of its descendants. */
#ifndef REACH_TRACING_TRACER_H
#define REACH_TRACING_TRACER_H

#include <sys/types.h>

#include "reach/tracing/seccomp.h"

struct tracer;

/* Starts to trace the program. path: the daemon's socket. */
int tracer_new(pid_t program, const char *path, const struct range *range, struct tracer **ret);
struct tracer *tracer_free(struct tracer *tracer);

/* Returns when the last process has ended. */
int tracer_run(struct tracer *tracer);

/* Makes two calls that fail, under the filter and before the program is executed: they show which
 * calls the tracer sees. */
void tracer_try(void);

#endif
