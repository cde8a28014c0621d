/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/suspects.h"

void suspects_add(struct suspects *suspects, int ifindex, int64_t until)
{
    for (size_t i = 0; i < suspects->count; i++)
        if (suspects->links[i].ifindex == ifindex)
            return;
    if (suspects->count == SUSPECTS_MAX)
        return;
    suspects->links[suspects->count].ifindex = ifindex;
    suspects->links[suspects->count++].until = until;
}

void suspects_clear(struct suspects *suspects, int ifindex)
{
    for (size_t i = suspects->count; i-- > 0;)
        if (suspects->links[i].ifindex == ifindex)
            suspects->links[i] = suspects->links[--suspects->count];
}

size_t suspects_overdue(const struct suspects *suspects, int64_t now, int *ret_ifindex)
{
    size_t overdue = 0;

    for (size_t i = 0; i < suspects->count; i++) {
        if (suspects->links[i].until > now)
            continue;
        *ret_ifindex = suspects->links[i].ifindex;
        overdue++;
    }
    return overdue;
}

int64_t suspects_next(const struct suspects *suspects)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < suspects->count; i++)
        if (suspects->links[i].until < next)
            next = suspects->links[i].until;
    return next;
}
