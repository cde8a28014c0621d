/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Warnings and errors for the user of the program: one line each, on standard error. */
#ifndef REACH_WARNING_H
#define REACH_WARNING_H

#include <stdbool.h>

void warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What may happen many times and is worth one line. */
enum warning_kind {
    WARNING_DENIED,    /* a subscription can't be served */
    WARNING_GROUPS,    /* the program joined groups whose updates are not served */
    WARNING_NAMESPACE, /* a subscription in another network namespace can't be served */
    WARNING_CONFINED,  /* the program has a seccomp filter of its own */
    WARNING_KIND_COUNT
};

/* All zero at first. */
struct warnings {
    bool given[WARNING_KIND_COUNT];
};

/* error: the -errno that is the reason; 0 for the kinds that have none. */
void warning_once(struct warnings *warnings, enum warning_kind kind, int error);

#endif
