/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened to links and addresses, one step after the other: as it was received, or as it is
 * to be reported. Pure.
 */
#ifndef LINKWATCH_CLIENT_STEPS_H
#define LINKWATCH_CLIENT_STEPS_H

#include "client/linkwatch.h"
#include "client/monitor_reply.h"

/* References of its own. In a message's step, now is the link that it brings, and before is
 * NULL; in one that is to be reported, an add has no before and a remove has no now. */
struct step {
    enum message_type type;
    struct linkwatch_link *before;
    struct linkwatch_link *now;
    /* The same of an address; then the two above are NULL. */
    struct linkwatch_address *address_before;
    struct linkwatch_address *address_now;
    struct linkwatch_event event;
};

struct steps {
    struct step *at;
    size_t count;
    size_t capacity;
};

/* Adds one, whose references it takes for itself. -ENOMEM. */
int steps_add(struct steps *steps, enum message_type type, struct linkwatch_link *before,
              struct linkwatch_link *now, const struct linkwatch_event *event);
int steps_add_address(struct steps *steps, enum message_type type, struct linkwatch_address *before,
                      struct linkwatch_address *now, const struct linkwatch_event *event);

/* Forgets all; then it holds no memory. */
void steps_clear(struct steps *steps);

#endif
