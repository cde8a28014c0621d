/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracer: follows the program and all that comes of it, until the last one ends. */
#ifndef REACH_TRACING_TRACER_H
#define REACH_TRACING_TRACER_H

#include <sys/types.h>

#include "reach/tracing/seccomp.h"

struct tracer;

/* Takes hold of the program. Its links come from the daemon at that path. */
int tracer_new(pid_t program, const char *path, const struct range *range, struct tracer **ret);
struct tracer *tracer_free(struct tracer *tracer);

/* Returns when the last process has ended. */
int tracer_run(struct tracer *tracer);

/* Two calls that fail, made by the program under the filter, before it becomes what it is
 * to be: they show which of its calls we get to see. */
void tracer_try(void);

#endif
