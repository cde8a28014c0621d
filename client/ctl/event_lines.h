/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines that monitor writes for people. */
#ifndef LINKWATCH_CLIENT_CTL_EVENT_LINES_H
#define LINKWATCH_CLIENT_CTL_EVENT_LINES_H

#include <stdint.h>

#include "client/ctl/event_type.h"
#include "client/ctl/output.h"

/* Where lines go, and of which network namespace they are; NULL for no label. */
struct lines {
    const struct output *output;
    const char *label;
    int *day;   /* of the last line: a later one is printed in a line of its own */
    bool holds; /* what does not last is not shown */
};

/* The day that is now here, as a number that grows. */
int lines_today(void);

/* Begins a line about something of a link, with the link's name and index; and ends it, with how it
 * was learned. */
void lines_begin(const struct lines *lines, const char *ifname, int ifindex, enum event_type type,
                 const struct linkwatch_event *event);
void lines_end(const struct lines *lines, const struct linkwatch_event *event);

/* What the journal has in words. */
void lines_entry(const struct lines *lines, int64_t realtime, enum event_type type,
                 const char *text);

/* Something that isn't about a link. */
void lines_notice(const struct lines *lines, const char *text);

#endif
