/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers the requests that the helper receives. */
#ifndef REACH_PRELOAD_ANSWERER_H
#define REACH_PRELOAD_ANSWERER_H

#include <sys/types.h>

#include "reach/preload/members.h"
#include "reach/reports.h"
#include "reach/serving.h"

struct answerer {
    struct serving serving;
    struct reports *reports;
    struct members members;
};

/* Reads the request from a connection, and answers it if its sender is allowed to ask. Errors of
 * the connection are ignored. */
void answer(struct answerer *answerer, int connection);

#endif
