/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/notified.h"

#include <linux/if.h>
#include <string.h>

/* Fields that Linux always notifies of when they change; of others (the alias of a link
 * that is down, the queueing discipline, ...) only a dump shows them. */
#define NOTIFIED_FIELDS \
    (LINK_FIELD_BIT(IFNAME) | LINK_FIELD_BIT(OPERSTATE) | LINK_FIELD_BIT(MASTER_IFINDEX))
/* These too, where they are the link's own. */
#define OWN_FIELDS     (LINK_FIELD_BIT(MTU) | LINK_FIELD_BIT(ADDRESS))
#define NOTIFIED_FLAGS ((uint32_t)(IFF_UP | IFF_LOWER_UP | IFF_RUNNING))

/* A link that stands on another one may get that one's MTU or address without a word (a
 * vxlan that is down, a macvlan in passthru mode, a tunnel). */
static bool has_fields_of_its_own(const struct link *link)
{
    static const char *const kinds[] = {"veth", "bridge", "tun", "dummy", "ifb", "bond"};

    for (size_t i = 0; link->info_kind && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(link->info_kind, kinds[i]) == 0)
            return true;
    return !link->info_kind;
}

bool change_is_notified(const struct change *change)
{
    const struct link *before = as_link(change->before);
    const struct link *after = as_link(change->after);

    if (change->derived)
        return false;
    if (change->type != CHANGE_CHANGE)
        return true;
    if (change->fields & NOTIFIED_FIELDS)
        return true;
    if (change->fields & OWN_FIELDS && has_fields_of_its_own(after))
        return true;
    return (before->flags ^ after->flags) & NOTIFIED_FLAGS;
}
