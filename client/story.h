/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a mirror tells its application: the daemon's messages go in, one continuous and
 * consistent story comes out, over breaks and losses. Pure: no descriptor, no clock. */
#ifndef LINKWATCH_CLIENT_STORY_H
#define LINKWATCH_CLIENT_STORY_H

#include <jansson.h>

#include "client/linkwatch.h"
#include "client/monitor_reply.h"
#include "client/picture.h"
#include "client/steps.h"

struct story {
    struct linkwatch_callbacks callbacks;
    void *user;
    struct linkwatch_filter *filter; /* owned */
    bool filtered;                   /* some links don't fit it: then numbers are skipped */
    bool ended;                      /* nothing is told any more */

    struct picture held;  /* what the application knows, but for what it is just being told */
    struct picture fresh; /* the snapshot, while it comes */
    struct steps begun;   /* events that belong together, of which more follow */
    size_t begun_bytes;
    size_t limit;    /* bytes of held, of fresh, and of begun */
    bool collecting; /* into fresh; else events go to held */
    bool begins;     /* nothing came on this connection yet */
    bool ready;

    /* Where the story is: the last number that came, of that instance, and the last that was
     * told. Complete if one may resume from the latter. */
    char *instance; /* NULL before the first message */
    int64_t sequence;
    int64_t told;
    bool complete;

    char *source; /* as it was told last; NULL for never */
};

/* -EINVAL if the callbacks are of an unknown size, -ENOMEM. */
int story_init(struct story *story, const struct linkwatch_filter *filter,
               const struct linkwatch_callbacks *callbacks, void *user);
void story_clear(struct story *story);

/* A connection begins. The parameters to call Monitor with: since, if the story can
 * go on from where it is. NULL without memory. */
json_t *story_begin(struct story *story);

/* Whether the connection that began resumes. */
bool story_resumes(const struct story *story);

/* The connection is over. */
void story_break(struct story *story);

/* The story can't go on from where it is: the next connection starts with a snapshot. */
void story_forget_position(struct story *story);

/* Tells what follows from a message. -EBADMSG if it doesn't fit what was told before, -E2BIG
 * if there are more links, or events that belong together, than the limit allows: then the
 * connection is to be given up, and the position is forgotten; -ENOMEM. */
int story_tell(struct story *story, const struct message *message);

#endif
