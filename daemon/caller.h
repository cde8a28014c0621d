/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller of a method. */
#ifndef LINKWATCH_DAEMON_CALLER_H
#define LINKWATCH_DAEMON_CALLER_H

struct namespace;
struct user;

struct caller {
    struct user *user;
    struct namespace *namespace; /* that its calls are about */
    /* The netlink socket (descriptors.h) that came with this call, -1 for none: it belongs to who
     * puts -1 in its place. */
    int socket;
};

#endif
