/* How long one turn of the loop may take, before what is urgent (links, events for others)
 * has its turn again. */
#ifndef LINKWATCH_DAEMON_TURN_H
#define LINKWATCH_DAEMON_TURN_H

#include <ev.h>
#include <stdbool.h>

#define TURN_SECONDS 0.0005

/* Whether this turn has lasted long enough: whoever could go on for long leaves the rest
 * for the next one. Everybody may do a bit in each, so that nobody starves. */
static inline bool turn_is_over(struct ev_loop *loop)
{
    return ev_time() - ev_now(loop) > TURN_SECONDS;
}

#endif
