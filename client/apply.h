/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applies events to a set of links, and finds what is to be reported: for a consumer with a filter,
 * links that only changed may come and go. Pure. */
#ifndef LINKWATCH_CLIENT_APPLY_H
#define LINKWATCH_CLIENT_APPLY_H

#include "client/link_set.h"
#include "client/linkwatch.h"
#include "client/steps.h"

struct apply_context {
    const struct linkwatch_filter *filter;
    bool filtered; /* some links don't fit it */
    size_t limit;  /* bytes of the set's links */
};

/* Applies the events, which are steps of messages, in their order. -EBADMSG if one doesn't fit
 * the set, -E2BIG beyond the limit, -ENOMEM: then those before it are applied. */
int apply_all(const struct apply_context *context, const struct steps *events, struct link_set *set,
              struct steps *ret_steps);

/* Whether a link left the filter. One that the daemon lets pass and that we wouldn't is kept:
 * the daemon knows better. */
bool apply_leaves(const struct linkwatch_filter *filter, const struct linkwatch_link *before,
                  const struct linkwatch_link *now);

#endif
