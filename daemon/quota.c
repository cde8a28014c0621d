/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/quota.h"

#include <stdlib.h>

#include "daemon/allocation.h"

static size_t minus(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

/* What nobody has yet, of what that one may share out. */
static size_t left(const struct quota *quota, bool privileged)
{
    size_t used = quota->used;

    while (quota->above) {
        privileged |= quota->privileged;
        quota = quota->above;
        used += quota->used;
    }
    return minus(quota->max - (privileged ? 0 : quota->max / QUOTA_RESERVE), used);
}

static bool has_room(const struct quota *quota, size_t bytes)
{
    return quota->used == 0 ||
           quota->used + bytes <= minus(left(quota->above, quota->privileged), bytes);
}

bool quota_take(struct quota *quota, size_t bytes)
{
    struct quota *each;

    for (each = quota; each && each->above; each = each->above)
        if (!has_room(each, bytes)) {
            quota->refused = true;
            return false;
        }
    for (each = quota; each; each = each->above)
        each->used += bytes;
    return true;
}

void quota_give(struct quota *quota, size_t bytes)
{
    for (; quota; quota = quota->above)
        quota->used -= bytes;
}

void *quota_calloc(struct quota *quota, size_t count, size_t size)
{
    void *memory;

    if (!quota_take(quota, allocation_bytes(count * size)))
        return NULL;
    memory = calloc(count, size);
    if (!memory)
        quota_give(quota, allocation_bytes(count * size));
    return memory;
}

void quota_free(struct quota *quota, void *memory, size_t count, size_t size)
{
    if (memory)
        quota_give(quota, allocation_bytes(count * size));
    free(memory);
}
