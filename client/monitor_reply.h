/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One reply of Monitor, read from JSON. Pure. */
#ifndef LINKWATCH_CLIENT_MONITOR_REPLY_H
#define LINKWATCH_CLIENT_MONITOR_REPLY_H

#include <jansson.h>

#include "client/callback_arguments.h"
#include "client/linkwatch.h"

enum message_type {
    MESSAGE_SNAPSHOT,
    MESSAGE_READY,
    MESSAGE_LOST,
    MESSAGE_SOURCE,
    MESSAGE_ADD,
    MESSAGE_REMOVE,
    MESSAGE_CHANGE,
    MESSAGE_OTHER, /* of a later version's type, which is passed over */
    MESSAGE_TYPE_COUNT
};

/* Strings belong to the JSON it was read from. */
struct message {
    enum message_type type;
    struct linkwatch_event event;
    bool more_follows;                 /* the next event belongs to this one */
    struct linkwatch_link *link;       /* a reference; NULL for the types without one */
    struct linkwatch_address *address; /* or this one */
    int64_t lost;                      /* -1 for unknown */
    struct linkwatch_source source;
    struct linkwatch_source address_source;
};

/* Reads the parameters. -EBADMSG if something that the type needs is missing or of
 * another type, -ENOMEM. */
int message_read(const json_t *parameters, struct message *ret);
void message_clear(struct message *message);

#endif
