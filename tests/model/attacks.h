/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a user's consumers may do to be in the way of others: the attacks of
 * tests/system/hostile.py, by the names that they have there, and more. */
#ifndef LINKWATCH_TESTS_MODEL_ATTACKS_H
#define LINKWATCH_TESTS_MODEL_ATTACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many as one process can have, with both ends of each. */
#define ATTACK_CONNECTIONS 300

struct text {
    const char *bytes;
    size_t size;
};

enum attack_reading { READS_NOTHING, READS_A_BYTE, READS_ALL };

struct attack {
    const char *name;
    const char *meaning;       /* of so many connections: "that ..." */
    struct text (*call)(void); /* NULL: none */
    size_t connections;
    enum attack_reading reading;
    bool floods;    /* sends the call again and again, else when it was answered */
    bool passes;    /* a namespace's socket with each call */
    unsigned lives; /* after so many steps a connection is made anew; 0: never */
    bool returns;   /* connections end again and again, and new ones fill the backlog */
    int steps;      /* after which it is under way; 0: a few */
    int links;      /* beside those that each kernel has */
    int altnames;   /* of the link that changes */
    int64_t unit;   /* microseconds of work at most that its calls do in one; 0: the usual ones */
};

/* One without a name is the end. */
extern const struct attack attacks[];

#endif
