/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/claim.h"

int claim_compare(const struct claim *a, const struct claim *b)
{
    return (a->ifindex > b->ifindex) - (a->ifindex < b->ifindex);
}

RB_GENERATE(claim_tree, claim, node, claim_compare)

struct claim *claims_find(const struct claims *claims, int ifindex)
{
    struct claim key = {.ifindex = ifindex};

    return RB_FIND(claim_tree, (struct claim_tree *)&claims->tree, &key);
}
