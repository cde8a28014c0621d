/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller of a method. */
#ifndef LINKWATCH_DAEMON_CALLER_H
#define LINKWATCH_DAEMON_CALLER_H

struct namespace;
struct user;

struct caller {
    struct user *user;
    struct namespace *namespace; /* that its calls operate on */
    /* The netlink socket that was attached to this call (descriptors.h), or -1. The function that
     * takes it sets this to -1. */
    int socket;
};

#endif
