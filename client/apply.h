/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applies events to a picture of the links and their addresses, and finds what is to be reported:
 * for a consumer with a filter, links that only changed may come and go. Pure. */
#ifndef LINKWATCH_CLIENT_APPLY_H
#define LINKWATCH_CLIENT_APPLY_H

#include "client/linkwatch.h"
#include "client/object_set.h"
#include "client/steps.h"

struct picture {
    struct object_set links;
    struct object_set addresses; /* of these links alone */
};

void picture_clear(struct picture *picture);

/* -ENOMEM. */
int picture_copy(const struct picture *picture, struct picture *ret);

/* How many bytes more its links, or its addresses, may have. */
size_t picture_room(size_t limit, const struct object_set *other);

/* Takes a link out, and its addresses. */
void picture_drop_link(struct picture *picture, int ifindex);

struct apply_context {
    const struct linkwatch_filter *filter;
    bool filtered; /* some links don't fit it */
    size_t limit;  /* bytes of the picture */
};

/* Applies the events, which are steps of messages, in their order. -EBADMSG if one doesn't fit
 * the picture, -E2BIG beyond the limit, -ENOMEM: then those before it are applied. */
int apply_all(const struct apply_context *context, const struct steps *events,
              struct picture *picture, struct steps *ret_steps);

/* Whether a link left the filter. One that the daemon lets pass and that we wouldn't is kept:
 * the daemon knows better. */
bool apply_leaves(const struct linkwatch_filter *filter, const struct linkwatch_link *before,
                  const struct linkwatch_link *now);

#endif
