/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callbacks, and what they get beside links and addresses. Strings belong to whoever calls back. */
#ifndef LINKWATCH_CLIENT_CALLBACK_ARGUMENTS_H
#define LINKWATCH_CLIENT_CALLBACK_ARGUMENTS_H

#include "client/linkwatch.h"

struct linkwatch_event {
    enum linkwatch_learned learned;
    const char *instance; /* NULL for what a snapshot showed */
    int64_t sequence;
    int64_t realtime; /* -1 for none, also below */
    int64_t monotonic;
    int64_t flaps;
    int64_t new_ifindex; /* 0 for none */
    int64_t new_netnsid;
    bool has_new_netnsid;
    bool more_follows; /* another callback, for what happened at once */
};

struct linkwatch_source {
    const char *standing; /* NULL: the message has no source */
    const char *reason;
    int error;              /* 0 for none */
    const char *error_name; /* NULL for none */
    bool stale;
    int64_t last_dump; /* -1 for none */
};

/* Copies callbacks to *ret, which is zero. -EINVAL if they are of an unknown size. */
int copy_callbacks(const struct linkwatch_callbacks *callbacks, struct linkwatch_callbacks *ret);

#endif
