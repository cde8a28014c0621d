/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What monitor writes of a network namespace that it follows: lines for people, or events as JSON.
 */
#ifndef LINKWATCH_CLIENT_CTL_WATCHED_REPORT_H
#define LINKWATCH_CLIENT_CTL_WATCHED_REPORT_H

#include "client/ctl/monitored.h"

/* Sets those of links, addresses and messages. */
void watched_report_callbacks(const struct watched *watched, struct linkwatch_callbacks *callbacks);

/* The first list. */
void watched_report_list(const struct monitor *monitor);

/* A message as JSON, with the namespace's members. */
void watched_report_message(const struct watched *watched, const char *json);

/* Something that isn't about a link: into the text; beside JSON, which has it in its own way or
 * must not have it. */
void watched_report_notice(const struct watched *watched, const char *text);

/* Whether it is text that is written; and whether events are, as lines, now. */
bool watched_report_is_text(const struct watched *watched);
bool watched_report_shows(const struct watched *watched);

#endif
