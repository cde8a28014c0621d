/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to links and addresses, and what is reported between such events. Pure. */
#ifndef LINKWATCH_CLIENT_CTL_EVENT_TYPE_H
#define LINKWATCH_CLIENT_CTL_EVENT_TYPE_H

#include "client/linkwatch.h"

enum event_type {
    EVENT_ADD,
    EVENT_CHANGE,
    EVENT_REMOVE,
    EVENT_LOST, /* other events */
    /* Of the journal alone: the daemon was started, or left out entries. */
    EVENT_STARTED,
    EVENT_SUPPRESSED,
    EVENT_TYPE_COUNT
};

/* As JSON has it. */
const char *event_type_name(enum event_type type);
const char *event_learned_name(enum linkwatch_learned learned);

#endif
