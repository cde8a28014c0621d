/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/heirs.h"

#include <search.h>
#include <stdint.h>
#include <stdlib.h>

struct heirs {
    void *tree; /* of numbers that are no addresses */
};

static const void *key_of(pid_t tid)
{
    return (const void *)(intptr_t)tid;
}

static int compare(const void *a, const void *b)
{
    return ((intptr_t)a > (intptr_t)b) - ((intptr_t)a < (intptr_t)b);
}

struct heirs *heirs_new(void)
{
    return calloc(1, sizeof(struct heirs));
}

struct heirs *heirs_free(struct heirs *heirs)
{
    if (!heirs)
        return NULL;
    while (heirs->tree)
        tdelete(*(void *const *)heirs->tree, &heirs->tree, compare);
    free(heirs);
    return NULL;
}

bool heirs_add(struct heirs *heirs, pid_t tid)
{
    if (tfind(key_of(tid), &heirs->tree, compare))
        return false;
    tsearch(key_of(tid), &heirs->tree, compare);
    return true;
}

void heirs_remove(struct heirs *heirs, pid_t tid)
{
    tdelete(key_of(tid), &heirs->tree, compare);
}
