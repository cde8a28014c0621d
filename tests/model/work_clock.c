/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/model/work_clock.h"

#include <jansson.h>
#include <stdlib.h>

#include "tests/unit/count_work.h"

/* A daemon of -O2 took 400 of them in a microsecond of a List, 220 of a snapshot, half of whose
 * time is the kernel's, and 2,400 of globs that do not match (List of 2,000 links and Monitor's
 * snapshot, CPU time of an AMD EPYC). */
#define BRANCHES_PER_USEC 500
/* What is done in libraries is not counted, so each reading of the clock, and each value that
 * jansson makes, is taken for so many branches. */
#define BRANCHES_PER_READING    20
#define BRANCHES_PER_ALLOCATION 50

/* What is called without an argument has no other place for its state. */
static uint64_t elsewhere; /* branches in libraries */
static uint64_t elapsed;   /* branches that were given out as time */

static void *allocate(size_t size)
{
    elsewhere += BRANCHES_PER_ALLOCATION;
    return malloc(size);
}

void work_clock_start(void)
{
    json_set_alloc_funcs(allocate, free);
}

int64_t work_clock_elapse(void)
{
    uint64_t usec;

    elsewhere += BRANCHES_PER_READING;
    usec = (work_counted() + elsewhere - elapsed) / BRANCHES_PER_USEC;
    elapsed += usec * BRANCHES_PER_USEC;
    return (int64_t)usec;
}
