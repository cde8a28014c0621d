/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of the library as JSON, as the daemon writes its own. */
#ifndef LINKWATCH_CLIENT_CTL_EVENT_JSON_H
#define LINKWATCH_CLIENT_CTL_EVENT_JSON_H

#include <stdio.h>

#include "client/linkwatch.h"

/* As the daemon's events name it. */
const char *learned_name(enum linkwatch_learned learned);

/* One of that type, of a "link" or "address" in JSON; old is that of a change, NULL for others. */
void event_json_write(FILE *to, const char *type, const char *member, const char *now,
                      const char *old, const struct linkwatch_event *event);

#endif
