/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing arrays. */
#ifndef LINKWATCH_PROTOCOL_ARRAY_H
#define LINKWATCH_PROTOCOL_ARRAY_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for at least the needed number of items of the given size. array points to the pointer
 * to the first item, which is NULL while *capacity is 0. On -ENOMEM, nothing has changed. */
static inline int array_grow(void *array, size_t *capacity, size_t needed, size_t size)
{
    size_t larger = *capacity ? *capacity : 4;
    void *items, *moved;

    if (needed <= *capacity)
        return 0;
    while (larger < needed)
        larger *= 2;
    memcpy(&items, array, sizeof(void *));
    moved = reallocarray(items, larger, size);
    if (!moved)
        return -ENOMEM;
    memcpy(array, &moved, sizeof(void *));
    *capacity = larger;
    return 0;
}

#endif
