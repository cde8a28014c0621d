/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which events monitor shows: --type and --field. Pure. */
#ifndef LINKWATCH_CLIENT_CTL_EVENT_FILTER_H
#define LINKWATCH_CLIENT_CTL_EVENT_FILTER_H

#include <jansson.h>
#include <stdbool.h>

#include "client/ctl/event_type.h"
#include "client/linkwatch.h"

struct event_filter {
    unsigned types;                  /* 1 << enum event_type; 0 for all */
    linkwatch_fields link_fields;    /* of changes; all if both are 0 */
    linkwatch_fields address_fields; /* those of the same names */
};

/* Adds names with commas between them. -EINVAL. */
int event_filter_add_types(struct event_filter *filter, const char *names);
int event_filter_add_fields(struct event_filter *filter, const char *names);

/* fields are those that changed, for a change. */
bool event_filter_passes_link(const struct event_filter *filter, enum event_type type,
                              linkwatch_fields fields);
bool event_filter_passes_address(const struct event_filter *filter, enum event_type type,
                                 linkwatch_fields fields);

/* The same of a message of the daemon's; what is no event passes. */
bool event_filter_passes_message(const struct event_filter *filter, const json_t *message);

#endif
