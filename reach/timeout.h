/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timeouts as poll(2) takes them: milliseconds, -1 for none. */
#ifndef REACH_TIMEOUT_H
#define REACH_TIMEOUT_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t timeout_clock(void);

/* From now until then; 0 if that is over. */
int timeout_until(int64_t then);

/* The one that expires first. */
int timeout_min(int a, int b);

#endif
