/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The protocol between the preloaded library and its helper: one connection for each request, which
 * the helper answers and closes. The program thus has a descriptor only for a moment, and fork,
 * exec, and closing all descriptors break nothing. Both sides are from the same build;
 * SOCK_SEQPACKET preserves message boundaries. */
#ifndef REACH_PRELOAD_PROTOCOL_H
#define REACH_PRELOAD_PROTOCOL_H

#include <stdint.h>

/* The helper's abstract address without its NUL, in the program's environment. Such an
 * address needs no place in any file system, and is reachable from the network namespace
 * whose links are reported and from no other. */
#define PRELOAD_ADDRESS "LINKWATCH_RUN_SOCKET"

enum request_kind {
    REQUEST_REGISTER, /* of a process: a new one, or a new program in it */
    REQUEST_RULE,     /* what a call comes to (see policy.h): the errno that the program is to see.
                       * Where the socket may have to be served, a duplicate comes with it */
    REQUEST_NEXT,     /* what a doorbell stands for. -ENOBUFS: messages were lost.
                       * -ENOENT: it is none of ours */
};

enum request_flags {
    REQUEST_PEEK = 1,     /* NEXT: the doorbell is still in the queue */
    REQUEST_OTHERS = 2,   /* NEXT: the call received other messages as well */
    REQUEST_REPEATED = 4, /* RULE: a denied bind was repeated as it was ruled */
};

/* How long the library waits. A ruling may have to wait for linkwatchd; everything else is answered
 * at once, unless the machine is very busy or the helper was stopped. */
#define RULING_SECONDS 5
#define ANSWER_SECONDS 2

struct request {
    uint32_t kind;
    uint32_t flags;
    uint64_t inode; /* of the socket */
    int32_t process;
    int32_t fd;
    /* RULE */
    uint32_t attempt;
    uint32_t value;
    int32_t error;
};

enum reply_flags {
    /* NEXT: the kernel doesn't report the group, for which the program asked */
    REPLY_ADDS_GROUP = 1,
    /* RULE: the call is to be repeated, with these groups in its address */
    REPLY_REPEATS = 2,
};

struct reply {
    int32_t result; /* or -errno */
    uint32_t flags;
    uint32_t size;   /* NEXT: of the message, which follows as a packet of its own */
    uint32_t group;  /* NEXT: that the message was sent to; 0: it is an NLMSG_NOOP */
    uint32_t groups; /* RULE */
};

#endif
