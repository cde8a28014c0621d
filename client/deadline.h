/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time for deadlines. */
#ifndef LINKWATCH_CLIENT_DEADLINE_H
#define LINKWATCH_CLIENT_DEADLINE_H

#include <stdint.h>

#define DEADLINE_NEVER UINT64_MAX

/* CLOCK_MONOTONIC in microseconds. */
uint64_t clock_now(void);

/* The deadline that a timeout from now makes; a negative one never ends. */
uint64_t deadline_after(int64_t timeout);

/* What remains of it in milliseconds, rounded up, as poll() takes it. */
int deadline_timeout(uint64_t deadline);

#endif
