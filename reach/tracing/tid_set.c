/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/tid_set.h"

#include <errno.h>
#include <search.h>
#include <stdint.h>

/* The keys are the ids themselves, no addresses. */
static const void *key_of(pid_t tid)
{
    return (const void *)(intptr_t)tid;
}

static int compare(const void *a, const void *b)
{
    return ((intptr_t)a > (intptr_t)b) - ((intptr_t)a < (intptr_t)b);
}

int tid_set_add(struct tid_set *set, pid_t tid)
{
    if (tid_set_has(set, tid))
        return 0;
    return tsearch(key_of(tid), &set->tree, compare) ? 1 : -ENOMEM;
}

void tid_set_remove(struct tid_set *set, pid_t tid)
{
    tdelete(key_of(tid), &set->tree, compare);
}

void tid_set_remove_all(struct tid_set *set)
{
    while (set->tree)
        tdelete(*(void *const *)set->tree, &set->tree, compare);
}

bool tid_set_has(const struct tid_set *set, pid_t tid)
{
    return tfind(key_of(tid), &set->tree, compare);
}
