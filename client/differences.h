/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a snapshot differs from what was known. Pure. */
#ifndef LINKWATCH_CLIENT_DIFFERENCES_H
#define LINKWATCH_CLIENT_DIFFERENCES_H

#include "client/apply.h"
#include "client/steps.h"

/* What is known about each of them. */
extern const struct linkwatch_event event_by_snapshot;

/* Adds the steps from what is held to the fresh picture, which are to be reported together.
 * -ENOMEM. */
int find_differences(const struct picture *held, const struct picture *fresh, struct steps *steps);

#endif
