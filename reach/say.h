/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program's user is to know: one line each, on standard error. */
#ifndef REACH_SAY_H
#define REACH_SAY_H

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
