/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The size of allocated memory, as counted by limits. */
#ifndef LINKWATCH_DAEMON_ALLOCATION_H
#define LINKWATCH_DAEMON_ALLOCATION_H

#include <stddef.h>

/* The memory that malloc() uses for this size: with its own overhead, in units of 16 bytes, as in
 * glibc. */
static inline size_t allocation_bytes(size_t size)
{
    return (size + sizeof(size_t) + 15) & ~(size_t)15;
}

#endif
