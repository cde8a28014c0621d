/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spans of time, as people write and read them. Pure. */
#ifndef LINKWATCH_CLIENT_TIMESPAN_H
#define LINKWATCH_CLIENT_TIMESPAN_H

#include <stddef.h>
#include <stdint.h>

/* Reads a number, which may have a decimal point, with the unit ms, s (also if there is
 * none), min or h, in microseconds. -EINVAL. */
int timespan_parse(const char *text, int64_t *ret);

/* Room for any span that is written. */
#define TIMESPAN_SIZE 48

/* Writes a span in the two largest units that it has. */
const char *timespan_format(int64_t usec, char text[TIMESPAN_SIZE]);

#endif
