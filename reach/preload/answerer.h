/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the helper answers to a request. */
#ifndef REACH_PRELOAD_ANSWERER_H
#define REACH_PRELOAD_ANSWERER_H

#include <stdbool.h>
#include <sys/types.h>

#include "reach/links.h"
#include "reach/preload/members.h"
#include "reach/subscription.h"

struct answerer {
    struct subscriptions *subscriptions;
    struct links *links;
    struct members *members;
    bool said_groups;
    bool said_failure;
};

/* Reads the request that came on a connection and answers it, if it comes from somebody
 * who may ask. What goes wrong with the connection is the other side's matter. */
void answer(struct answerer *answerer, int connection);

#endif
