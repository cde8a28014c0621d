/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/model/allocate.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>

/* The C library's own, under the names that it keeps for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *piece);

static struct allocate *current;

void allocate_watch(struct allocate *allocate)
{
    current = allocate;
}

static bool fails(void)
{
    if (!current || !current->armed)
        return false;
    current->count++;
    if (!current->fail_at || current->count < current->fail_at ||
        current->count - current->fail_at >= current->fail_count)
        return false;
    current->failed++;
    errno = ENOMEM;
    return true;
}

static void *counted(void *piece)
{
    if (current && piece)
        current->live++;
    return piece;
}

void *malloc(size_t size)
{
    return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    void *piece;

    if (fails())
        return NULL;
    piece = __libc_realloc(old, size);
    return old ? piece : counted(piece);
}

void free(void *piece)
{
    if (current && piece)
        current->live--;
    __libc_free(piece);
}

static void *reallocate_for_libev(void *old, long size)
{
    if (size)
        return __libc_realloc(old, (size_t)size);
    __libc_free(old);
    return NULL;
}

void allocate_spare_libev(void)
{
    ev_set_allocator(reallocate_for_libev);
}
