/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What events make of a picture, and what of it is to be told: to a consumer with a filter,
 * links come and go that only changed. Pure. */
#ifndef LINKWATCH_CLIENT_APPLY_H
#define LINKWATCH_CLIENT_APPLY_H

#include "client/linkwatch.h"
#include "client/picture.h"
#include "client/steps.h"

struct apply_context {
    const struct linkwatch_filter *filter;
    bool filtered; /* some links don't fit it */
    size_t limit;  /* bytes of the picture's links */
};

/* Applies the events, which are steps of messages, in their order. -EBADMSG if one doesn't fit
 * the picture, -E2BIG beyond the limit, -ENOMEM: then the picture is as the events before made
 * it. */
int apply_all(const struct apply_context *context, const struct steps *events,
              struct picture *picture, struct steps *ret_told);

/* Whether a link left the filter. One that the daemon lets pass and that we wouldn't is kept:
 * the daemon knows better. */
bool apply_leaves(const struct linkwatch_filter *filter, const struct linkwatch_link *before,
                  const struct linkwatch_link *now);

#endif
