/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a snapshot differs from what was known. Pure. */
#ifndef LINKWATCH_CLIENT_DIFFERENCES_H
#define LINKWATCH_CLIENT_DIFFERENCES_H

#include "client/link_snapshot.h"
#include "client/steps.h"

/* What is known about each of them. */
extern const struct linkwatch_event event_by_snapshot;

/* Adds the steps from one snapshot to the other, which are to be reported together. -ENOMEM. */
int find_differences(const struct snapshot *before, const struct snapshot *now,
                     struct steps *steps);

#endif
