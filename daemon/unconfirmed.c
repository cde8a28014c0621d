/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unconfirmed.h"

void unconfirmed_add(struct unconfirmed *unconfirmed, int ifindex, int64_t until)
{
    for (size_t i = 0; i < unconfirmed->count; i++)
        if (unconfirmed->links[i].ifindex == ifindex)
            return;
    if (unconfirmed->count == UNCONFIRMED_MAX)
        return;
    unconfirmed->links[unconfirmed->count].ifindex = ifindex;
    unconfirmed->links[unconfirmed->count++].until = until;
}

void unconfirmed_confirm(struct unconfirmed *unconfirmed, int ifindex)
{
    for (size_t i = unconfirmed->count; i-- > 0;)
        if (unconfirmed->links[i].ifindex == ifindex)
            unconfirmed->links[i] = unconfirmed->links[--unconfirmed->count];
}

size_t unconfirmed_overdue(const struct unconfirmed *unconfirmed, int64_t now, int *ret_ifindex)
{
    size_t overdue = 0;

    for (size_t i = 0; i < unconfirmed->count; i++) {
        if (unconfirmed->links[i].until > now)
            continue;
        *ret_ifindex = unconfirmed->links[i].ifindex;
        overdue++;
    }
    return overdue;
}

int64_t unconfirmed_next(const struct unconfirmed *unconfirmed)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < unconfirmed->count; i++)
        if (unconfirmed->links[i].until < next)
            next = unconfirmed->links[i].until;
    return next;
}
