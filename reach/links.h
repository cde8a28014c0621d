/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links as linkwatchd reports them, turned into what the kernel would send: each
 * change goes to the subscriptions as the kernel's own description of the link. */
#ifndef REACH_LINKS_H
#define REACH_LINKS_H

#include "reach/subscription.h"

struct links;

/* Two sockets of rtnetlink in one network namespace. */
struct links_sockets {
    int handed; /* what linkwatchd is to read there */
    int asking; /* what we ask the kernel by */
};

/* The links of the namespace of these sockets, which it takes, also if it fails; NULL for our own
 * namespace. */
int links_new(const char *path, struct subscriptions *subscriptions,
              const struct links_sockets *sockets, struct links **ret);
struct links *links_free(struct links *links);

/* As the functions of liblinkwatch's mirror. */
int links_fd(const struct links *links);
short links_events(const struct links *links);
int links_timeout(const struct links *links);
void links_process(struct links *links);

/* Waits until the first snapshot is complete, as long as there is a daemon and it takes no
 * longer than a moment. */
void links_wait(struct links *links);

/* Somebody is about to subscribe: what is there now is what can be removed for them. */
void links_expect(struct links *links);

#endif
