/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts the branches that code takes which is compiled with -fsanitize-coverage=trace-pc: what it
 * does, without a clock. */
#ifndef LINKWATCH_TESTS_UNIT_COUNT_WORK_H
#define LINKWATCH_TESTS_UNIT_COUNT_WORK_H

#include <stdint.h>

/* So far. */
uint64_t work_counted(void);

/* Called by that code, under the name that the compilers chose. */
void count_work(void) __asm__("__sanitizer_cov_trace_pc");

#endif
