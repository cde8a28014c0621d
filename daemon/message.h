/* Whole Varlink messages, each with the NUL that ends it. All functions: 0, or
 * -ENOMEM. Pure. */
#ifndef LINKWATCH_DAEMON_MESSAGE_H
#define LINKWATCH_DAEMON_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/event.h"

/* A reply with these parameters, an object whose reference is taken (also on failure;
 * NULL counts as -ENOMEM, so that calls nest). */
int message_reply(json_t *parameters, bool continues, struct buffer **ret);

/* An error reply. parameters as above; it may be an empty object. */
int message_error(const char *error, json_t *parameters, struct buffer **ret);

/* A reply of Monitor that tells an event about a link. */
int message_event(const char *instance, const struct event *event, struct buffer **ret);

/* A reply of Monitor of type source; sequence and times are the event's. */
int message_source(const char *instance, const struct event *event,
                   const struct source_state *source, struct buffer **ret);

/* Replies of Monitor that are made for one consumer. lost is how many events were
 * lost, -1 if that can't be told. */
int message_snapshot(const char *instance, uint64_t sequence, struct link *link,
                     struct buffer **ret);
int message_ready(const char *instance, uint64_t sequence, const struct source_state *source,
                  struct buffer **ret);
int message_lost(const char *instance, uint64_t sequence, int64_t lost, struct buffer **ret);

/* The type Source as JSON; a new reference, NULL without memory. */
json_t *message_source_state(const struct source_state *source);

/* The type Position as JSON; a new reference, NULL without memory. */
json_t *message_position(const char *instance, uint64_t sequence);

#endif
