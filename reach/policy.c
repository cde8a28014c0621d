/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/policy.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

bool policy_option(int option, enum attempt_kind *ret)
{
    switch (option) {
    case NETLINK_ADD_MEMBERSHIP:
        *ret = ATTEMPT_JOIN;
        return true;
    case NETLINK_DROP_MEMBERSHIP:
        *ret = ATTEMPT_LEAVE;
        return true;
    case NETLINK_PKTINFO:
        *ret = ATTEMPT_PKTINFO;
        return true;
    }
    return false;
}

bool policy_is_denial(int error)
{
    return error == EACCES || error == EPERM || error == EOPNOTSUPP || error == ENOPROTOOPT;
}

/* Those of the attempt that can be served. */
static uint32_t groups_of(const struct attempt *attempt)
{
    switch (attempt->kind) {
    case ATTEMPT_BIND:
        return attempt->value & POLICY_GROUPS;
    case ATTEMPT_JOIN:
    case ATTEMPT_LEAVE:
        return policy_mask(attempt->value) & POLICY_GROUPS;
    case ATTEMPT_PKTINFO:
    case ATTEMPT_SEND:
        break;
    }
    return 0;
}

bool policy_may_serve(const struct attempt *attempt)
{
    if (attempt->kind == ATTEMPT_PKTINFO)
        return attempt->value != 0;
    return attempt->kind != ATTEMPT_LEAVE && groups_of(attempt);
}

/* Linux forgets with a bind what was joined before. */
static void rule_bind(const struct attempt *attempt, struct ruling *ruling)
{
    uint32_t groups = groups_of(attempt);

    if (attempt->error == 0) {
        ruling->membership.wanted = groups;
        ruling->membership.granted = groups;
    } else if (groups && policy_is_denial(attempt->error)) {
        ruling->membership.wanted = groups;
        /* It keeps what it was granted by another call. */
        ruling->membership.granted &= groups;
        ruling->groups = ruling->membership.granted;
        ruling->error = 0;
        ruling->repeats = true;
        ruling->passes_over = attempt->value != groups;
    }
}

/* A group that isn't served, of a socket that is: without its updates the program has still more
 * than with a failure. */
static void rule_other_group(const struct attempt *attempt, struct ruling *ruling)
{
    if (!ruling->membership.wanted || !policy_is_denial(attempt->error))
        return;
    ruling->error = 0;
    ruling->passes_over = attempt->kind == ATTEMPT_JOIN;
}

static void set_groups(uint32_t *set, uint32_t groups, bool joins)
{
    if (joins)
        *set |= groups;
    else
        *set &= ~groups;
}

static void rule_group(const struct attempt *attempt, struct ruling *ruling)
{
    struct membership *membership = &ruling->membership;
    uint32_t group = groups_of(attempt);
    bool joins = attempt->kind == ATTEMPT_JOIN;

    if (!group) {
        rule_other_group(attempt, ruling);
    } else if (attempt->error == 0) {
        set_groups(&membership->wanted, group, joins);
        set_groups(&membership->granted, group, joins);
    } else if (policy_is_denial(attempt->error) && (joins || membership->wanted & group)) {
        set_groups(&membership->wanted, group, joins);
        ruling->error = 0;
    }
}

static void rule_pktinfo(const struct attempt *attempt, struct ruling *ruling)
{
    if (attempt->error != 0 && !policy_is_denial(attempt->error))
        return;
    ruling->membership.pktinfo = attempt->error != 0 && attempt->value != 0;
    ruling->error = 0;
}

/* Some send requests to the address that they subscribed with, groups and all. */
static void rule_send(const struct attempt *attempt, struct ruling *ruling)
{
    ruling->repeats =
        attempt->value != 0 && ruling->membership.wanted && policy_is_denial(attempt->error);
}

struct ruling policy_rule(const struct attempt *attempt, const struct membership *now)
{
    struct ruling ruling = {.error = attempt->error, .membership = *now};

    switch (attempt->kind) {
    case ATTEMPT_BIND:
        rule_bind(attempt, &ruling);
        break;
    case ATTEMPT_JOIN:
    case ATTEMPT_LEAVE:
        rule_group(attempt, &ruling);
        break;
    case ATTEMPT_PKTINFO:
        rule_pktinfo(attempt, &ruling);
        break;
    case ATTEMPT_SEND:
        rule_send(attempt, &ruling);
        return ruling;
    }
    ruling.changes = ruling.repeats || ruling.membership.wanted != now->wanted ||
                     ruling.membership.granted != now->granted ||
                     ruling.membership.pktinfo != now->pktinfo;
    return ruling;
}
