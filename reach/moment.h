/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time for what is to be done later: milliseconds of CLOCK_MONOTONIC. */
#ifndef REACH_MOMENT_H
#define REACH_MOMENT_H

#include <stdint.h>

int64_t moment_now(void);

/* The shorter one of a timeout as poll() takes it, -1 for none, and another one, which may be
 * over. */
int moment_sooner(int timeout, int64_t other);

#endif
