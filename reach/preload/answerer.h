/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the helper answers to a request. */
#ifndef REACH_PRELOAD_ANSWERER_H
#define REACH_PRELOAD_ANSWERER_H

#include <sys/types.h>

#include "reach/preload/members.h"
#include "reach/reports.h"
#include "reach/serving.h"

struct answerer {
    struct serving serving;
    struct reports *reports;
    struct members *members;
};

/* Reads the request that came on a connection and answers it, if it comes from somebody
 * who may ask. What goes wrong with the connection is the other side's matter. */
void answer(struct answerer *answerer, int connection);

#endif
