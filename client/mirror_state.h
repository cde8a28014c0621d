/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of a mirror: the daemon's messages go in, callbacks come out that report one
 * continuous and consistent sequence of events, across lost connections and lost events. Pure: no
 * descriptor, and the clock is the caller's. */
#ifndef LINKWATCH_CLIENT_MIRROR_STATE_H
#define LINKWATCH_CLIENT_MIRROR_STATE_H

#include <jansson.h>

#include "client/hold.h"
#include "client/link_snapshot.h"
#include "client/linkwatch.h"
#include "client/monitor_reply.h"
#include "client/steps.h"

struct mirror_state {
    struct linkwatch_callbacks callbacks;
    void *user;
    struct linkwatch_filter *filter; /* owned */
    bool filtered;                   /* some links don't match it */
    bool follows_addresses;
    bool ended; /* nothing is reported any more */

    struct snapshot current;  /* the links now; the application knows them when the callbacks under
                               * way are done, if nothing is held from it */
    struct snapshot incoming; /* the snapshot, while it is received */
    struct steps group;       /* events that belong together, of which more follow */
    size_t group_bytes;
    size_t limit;    /* bytes of current, of incoming, and of group */
    bool collecting; /* into incoming; else events are applied to current */
    bool is_new;     /* no message was received on this connection yet */
    bool ready;

    struct hold hold; /* what is held from the application; its times are set before the first
                       * connection */
    uint64_t now;     /* the time, in microseconds; if something is held */

    /* The position: the last number that was received, of that instance, and the last that was
     * reported. Complete if one may resume from the latter. */
    char *instance; /* NULL before the first message */
    int64_t sequence;
    int64_t reported;
    bool complete;

    /* As they were reported last; NULL for never. */
    char *source;
    char *address_source;
};

/* Calls the application back, unless it has ended the mirror. */
#define MIRROR_CALL(state, name, ...)                              \
    do {                                                           \
        if (!(state)->ended && (state)->callbacks.name)            \
            (state)->callbacks.name((state)->user, ##__VA_ARGS__); \
    } while (0)

/* -EINVAL if the callbacks are of an unknown size, -ENOMEM. */
int mirror_state_init(struct mirror_state *state, const struct linkwatch_filter *filter,
                      const struct linkwatch_callbacks *callbacks, void *user);
void mirror_state_clear(struct mirror_state *state);

/* Begins with what another one knew: that snapshot, which is empty then, at that position, whose
 * instance it takes; -1 if one can't resume from there. */
void mirror_state_know(struct mirror_state *state, struct snapshot *snapshot, char *instance,
                       int64_t sequence);

/* A connection begins. The parameters to call Monitor with: since, if it is possible to
 * resume. NULL without memory. */
json_t *mirror_state_begin(struct mirror_state *state);

/* Whether the connection that began resumes. */
bool mirror_state_resumes(const struct mirror_state *state);

/* The connection is over. */
void mirror_state_break(struct mirror_state *state);

/* Another connection goes on at once from what was reported: the links stay ready. */
void mirror_state_move(struct mirror_state *state);

/* It is not possible to resume: the next connection starts with a snapshot. */
void mirror_state_forget_position(struct mirror_state *state);

/* Reports what follows from a message. -EBADMSG if it contradicts what was received before, -E2BIG
 * if there are more links, or events that belong together, than the limit allows: then the
 * connection is to be given up, and the position is forgotten; -ENOMEM. */
int mirror_state_take(struct mirror_state *state, const struct message *message);

/* Reports what was held until now, while the links are ready; and when something is due, UINT64_MAX
 * for never. -ENOMEM. */
int mirror_state_report_due(struct mirror_state *state);
uint64_t mirror_state_deadline(const struct mirror_state *state);

/* What the application knows. */
const struct snapshot *mirror_state_known(const struct mirror_state *state);

#endif
