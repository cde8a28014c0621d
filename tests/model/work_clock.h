/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A clock that goes on with the work that the daemon does, where its sources are compiled with a
 * call of count_work() at each branch. */
#ifndef LINKWATCH_TESTS_MODEL_WORK_CLOCK_H
#define LINKWATCH_TESTS_MODEL_WORK_CLOCK_H

#include <stdint.h>

/* From now on jansson's work counts, too. */
void work_clock_start(void);

/* The microseconds of work since the last call: for netlink.elapse. */
int64_t work_clock_elapse(void);

#endif
