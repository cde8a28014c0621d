/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of the library as JSON, as the daemon writes its own. */
#ifndef LINKWATCH_CLIENT_CTL_EVENT_JSON_H
#define LINKWATCH_CLIENT_CTL_EVENT_JSON_H

#include "client/ctl/event_type.h"
#include "client/linkwatch.h"

/* An event of that type, of a "link" or "address", which is now that JSON, and was before a change;
 * NULL for other events. To be freed; NULL without memory. */
char *event_json(enum event_type type, const char *member, const char *before, const char *now,
                 const struct linkwatch_event *event);

#endif
