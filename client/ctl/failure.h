/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Error messages and exit codes. */
#ifndef LINKWATCH_CLIENT_CTL_FAILURE_H
#define LINKWATCH_CLIENT_CTL_FAILURE_H

/* Exit codes; they are promised in linkwatchctl(1). */
enum {
    EXIT_MET = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NO_DAEMON = 3,
    EXIT_TIMED_OUT = 4,
    EXIT_UNKNOWN = 5,
};

/* One line on stderr, with the program's name before it. */
void ctl_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a lack of memory; returns the exit code. */
static inline int ctl_out_of_memory(void)
{
    ctl_error("out of memory");
    return EXIT_FAILED;
}

#endif
