/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which links one wants, as JSON for the daemon and as a test of our own. */
#ifndef LINKWATCH_CLIENT_LINK_FILTER_H
#define LINKWATCH_CLIENT_LINK_FILTER_H

#include <jansson.h>

#include "client/linkwatch.h"

/* The wire's type Filter, a new reference; JSON null for NULL or an empty one. NULL
 * without memory. */
json_t *filter_to_json(const struct linkwatch_filter *filter);

/* A copy, also of NULL: an empty filter. */
int filter_copy(const struct linkwatch_filter *filter, struct linkwatch_filter **ret);

/* Whether every link matches. */
bool filter_is_empty(const struct linkwatch_filter *filter);

#endif
