/* Which links and events a consumer wants: the wire's type Filter. Pure. */
#ifndef LINKWATCH_DAEMON_FILTER_H
#define LINKWATCH_DAEMON_FILTER_H

#include <jansson.h>
#include <stdbool.h>

#include "daemon/event.h"

struct filter;

/* What it costs to hold one link or event against it would else have no bound: values in
 * one field, and characters of a glob. */
#define FILTER_VALUES_MAX 256
#define FILTER_GLOB_MAX   127

/* Reads a filter; JSON null and NULL make one that lets everything pass. For a filter of
 * links alone (List), types and fields are refused. -EINVAL, then *ret_field names
 * what is wrong with ("filter.names"); -ENOMEM. */
int filter_new(const json_t *json, bool links_only, struct filter **ret, const char **ret_field);
struct filter *filter_free(struct filter *filter);

/* Whether everything passes, so that nothing need be asked. */
bool filter_passes_all(const struct filter *filter);

/* How much work it is to hold one link against it, 1 at least. */
size_t filter_cost(const struct filter *filter);

bool filter_passes_link(const struct filter *filter, const struct link *link);

/* An event passes if its link did before or after it. */
bool filter_passes_event(const struct filter *filter, const struct event *event);

#endif
