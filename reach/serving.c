/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/serving.h"

#include <errno.h>

struct ruling serving_rule(struct serving *serving, uint64_t inode, const struct attempt *attempt)
{
    static const struct membership none = {0};
    struct subscription *subscription = subscriptions_find(&serving->subscriptions, inode);
    struct ruling ruling =
        policy_rule(attempt, subscription ? subscription_membership(subscription) : &none);

    if (ruling.passes_over && !ruling.changes)
        warning_once(&serving->warnings, WARNING_GROUPS, 0);
    /* Our duplicate may be all that still holds the port. */
    if (attempt->kind == ATTEMPT_BIND && attempt->error == EADDRINUSE &&
        subscriptions_review(&serving->subscriptions)) {
        ruling.repeats = true;
        ruling.groups = attempt->value;
    }
    /* Updates may have waited for it to be bound. */
    if (subscription && attempt->error == 0)
        subscription_check(subscription);
    return ruling;
}

int serving_apply(struct serving *serving, const struct served_socket *socket,
                  const struct ruling *ruling)
{
    struct subscription *subscription = subscriptions_find(&serving->subscriptions, socket->inode);
    int r;

    if (ruling->membership.wanted)
        reports_expect(socket->subscribers->reports, ruling->membership.wanted);
    r = subscriptions_serve(&serving->subscriptions, socket, &ruling->membership);
    if (r < 0) {
        warning_once(&serving->warnings, WARNING_DENIED, r);
        return r;
    }
    if (ruling->passes_over)
        warning_once(&serving->warnings, WARNING_GROUPS, 0);
    if (subscription)
        subscription_check(subscription);
    return ruling->error;
}
