/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the connections of an attack do, step by step; nothing of it takes time on the model's
 * clock. */
#ifndef LINKWATCH_TESTS_MODEL_ASSAULT_H
#define LINKWATCH_TESTS_MODEL_ASSAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/model/attacks.h"
#include "tests/model/serve.h"

/* Sockets of namespaces. */
#define ASSAULT_SOCKETS 400

struct attacker {
    int fd;      /* -1: none */
    size_t sent; /* of the call that is being sent */
    bool calls;  /* one is to be sent */
    unsigned age;
};

struct assault {
    const struct attack *attack;
    const struct serve *serve;
    uid_t uid;
    struct text text; /* of the call */
    struct attacker attackers[ATTACK_CONNECTIONS];
    int sockets[ASSAULT_SOCKETS]; /* the kernel's ends of those that were passed, -1 for none */
    bool full;                    /* the daemon's backlog, until the next step */
};

void assault_begin(struct assault *assault, const struct attack *attack, const struct serve *serve,
                   uid_t uid);

/* What all of its connections do once. */
void assault_step(struct assault *assault);
void assault_end(struct assault *assault);

#endif
