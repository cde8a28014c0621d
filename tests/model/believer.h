/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A consumer that believes what Monitor tells it, and holds each message against all that
 * it was told before. */
#ifndef LINKWATCH_TESTS_MODEL_BELIEVER_H
#define LINKWATCH_TESTS_MODEL_BELIEVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether a link is one of those that the consumer asked for. */
typedef bool (*believer_filter)(const json_t *link);

struct believer {
    believer_filter passes; /* NULL: it wants all */
    json_t *picture;        /* of links, by index */
    json_t *fresh;          /* the same while a snapshot comes, else NULL */
    bool ready;
    bool more_follows; /* the last message did not stand alone */
    bool begins;       /* no message came on this connection yet */
    bool resumes;
    char instance[33]; /* "" before the first message */
    uint64_t sequence;
    uint64_t lost;
    unsigned messages;
};

void believer_init(struct believer *believer, believer_filter passes);
void believer_clear(struct believer *believer);

/* A connection begins: with a snapshot, or where the consumer stands. */
void believer_connects(struct believer *believer, bool resumes);

/* Believes one reply of Monitor. Fails as CHECK() does if it can't be true. */
void believer_take(struct believer *believer, const char *message, size_t length);

/* The link of that index as it is believed, NULL for none. */
const json_t *believer_link(const struct believer *believer, int ifindex);

#endif
