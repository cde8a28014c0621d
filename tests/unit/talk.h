/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection and its consumer at the two ends of a socketpair, in a loop that never
 * waits. */
#ifndef LINKWATCH_TESTS_UNIT_TALK_H
#define LINKWATCH_TESTS_UNIT_TALK_H

#include "tests/unit/consumer.h"

#include "daemon/closer.h"
#include "daemon/connection.h"

#define REQUEST_MAX ((size_t)1000)
#define PLENTY      ((size_t)1024 * 1024)

struct talk {
    struct connection_host host;
    struct users *users;
    struct user *user;
    struct connection *connection; /* NULL when it was closed */
    int theirs;                    /* the consumer's end */
    struct world world;
    struct waitlist news;
    struct waitlist later;
    bool holds; /* back all answers */
    unsigned requests, closes;
    char *received; /* by the consumer, so far */
    size_t used, taken;
};

void talk_start(struct talk *talk);
void talk_stop(struct talk *talk);

/* Iterations of the loop, enough for whatever can be done now. */
void talk_turn(struct talk *talk);

/* What was held back is answered. */
void talk_release(struct talk *talk);

/* The consumer asks. A request is answered with itself, unless it is
 *   later    so are it and all others from then on, when they are released
 *   wrong    the handler rejects it
 *   silence  no answer is needed
 *   much     the answer has 40,000 bytes, in pieces of 40
 *   stream   it starts a stream of the world, with news */
void warning(struct talk *talk, const char *request);
void say_bytes(struct talk *talk, const char *bytes, size_t length);

/* The consumer reads what has come, up to so many bytes; how many it got. */
size_t hear(struct talk *talk, size_t most);

/* The next whole message that the consumer has, or NULL. */
const char *next_heard(struct talk *talk);

/* After some iterations of the loop. */
void assert_hears(struct talk *talk, const char *expected);
void assert_hears_nothing(struct talk *talk);
void assert_closed(struct talk *talk);

#endif
