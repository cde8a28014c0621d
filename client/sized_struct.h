/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structs of the application's that begin with their size. A program built with an older header has
 * fewer members; one that was built with a newer header may have more, as long as it doesn't count
 * on them. */
#ifndef LINKWATCH_CLIENT_SIZED_STRUCT_H
#define LINKWATCH_CLIENT_SIZED_STRUCT_H

#include <errno.h>
#include <string.h>

/* Copies one of that size to *ret, which has room for the known size and is zero. -EINVAL if it is
 * smaller than the least size that there ever was, or more than the known members are set. */
static inline int sized_struct_copy(void *ret, size_t known, const void *from, size_t size,
                                    size_t least)
{
    const char *bytes = (const char *)from;

    if (size < least)
        return -EINVAL;
    for (; size > known; size--)
        if (bytes[size - 1])
            return -EINVAL;
    memcpy(ret, from, size);
    return 0;
}

#endif
