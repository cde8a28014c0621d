/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The refreshes that a mirror was asked for. Each is a call of Refresh on a connection of its own,
 * for that of the mirror is taken by Monitor; requests that come meanwhile share the next call. */
#ifndef LINKWATCH_CLIENT_REFRESHING_H
#define LINKWATCH_CLIENT_REFRESHING_H

#include <stdint.h>

#include "client/session.h"
#include "client/wire.h"

/* Requests by number, from 1. */
struct refreshing {
    struct session session;
    uint64_t requested; /* the last one */
    uint64_t called; /* the last one that the Refresh is for which is under way, or was answered */
    uint64_t found;  /* the last one that was answered: the next ready is for it */
    uint64_t reported;
    uint64_t retry_at; /* while there is no connection */
    uint64_t delay;    /* of the next retry */
};

enum refreshing_result { REFRESHING_WAITS, REFRESHING_ANSWERED, REFRESHING_REFUSED };

void refreshing_init(struct refreshing *refreshing, int epoll_fd);

/* Hangs up, as session_close() does: what the call under way was for is requested anew. */
void refreshing_stop(struct refreshing *refreshing, bool shared);

/* Whether a call is to be made, from retry_at on. */
bool refreshing_is_wanted(const struct refreshing *refreshing);

/* Calls and receives what can be had now; without an answer it tries again, more and more rarely.
 * If the daemon refuses, *ret_refusal is its reply, to be cleared, and the connection is closed. */
enum refreshing_result refreshing_process(struct refreshing *refreshing, const char *path,
                                          int namespace_fd, struct reply *ret_refusal);

/* The connection on which the call was answered, to go on with. */
struct session refreshing_take_over(struct refreshing *refreshing);

#endif
