/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/link_times.h"

#include <net/if.h>

/* As its flags are published: UP without NO-CARRIER. */
static bool is_up(const struct link *link)
{
    return link->flags & IFF_UP && link->flags & IFF_RUNNING;
}

static void begin(struct link *link, int64_t now, bool first_dump)
{
    link->since = now;
    link->since_first_dump = first_dump;
    link->last_up = is_up(link) && !first_dump ? now : 0;
    link->last_down = 0;
}

/* Where the carrier changed unseen, it changed both ways: the kernel counts neither those of a link
 * that is not up, nor one without the other. */
void link_times_follow(const struct change *change, int64_t now, bool first_dump)
{
    const struct link *before = as_link(change->before);
    struct link *after = as_link(change->after);

    if (!after)
        return;
    if (!before) {
        begin(after, now, first_dump);
        return;
    }
    after->since = before->since;
    after->since_first_dump = before->since_first_dump;
    after->last_up = before->last_up;
    after->last_down = before->last_down;
    if (change->flaps || (is_up(after) && !is_up(before)))
        after->last_up = now;
    if (change->flaps || (is_up(before) && !is_up(after)))
        after->last_down = now;
}
