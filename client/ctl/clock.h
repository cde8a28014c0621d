/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times in microseconds. */
#ifndef LINKWATCH_CLIENT_CTL_CLOCK_H
#define LINKWATCH_CLIENT_CTL_CLOCK_H

#include <stdint.h>

#include "client/timespan.h"

int64_t clock_realtime(void);
int64_t clock_monotonic(void);

/* How long ago that was, by CLOCK_REALTIME, which may have been set back since. */
const char *clock_age(int64_t realtime, char text[TIMESPAN_SIZE]);

/* What remains until then, by CLOCK_MONOTONIC, as poll() takes it; INT64_MAX for ever. */
int clock_timeout(int64_t due);

#endif
