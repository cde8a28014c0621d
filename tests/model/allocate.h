/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An allocator that fails on demand. The definitions take the place of the C
 * library's for everything in the program; with the sanitizers, which have their own, this
 * is no part of it. */
#ifndef LINKWATCH_TESTS_MODEL_ALLOCATE_H
#define LINKWATCH_TESTS_MODEL_ALLOCATE_H

#include <stdbool.h>
#include <stddef.h>

struct allocate {
    bool armed;     /* it counts, and fails when it is time */
    size_t count;   /* so far, while armed */
    size_t fail_at; /* the first of those that fails, 0 for none */
    size_t fail_count;
    size_t failed; /* so many did */
    long live;     /* pieces that were allocated since the start, and not freed */
};

/* From now on; NULL: no more. */
void allocate_watch(struct allocate *allocate);

/* libev ends the program where it gets no memory; it gets it, uncounted. */
void allocate_spare_libev(void);

#endif
