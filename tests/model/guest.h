/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A consumer of the model: it follows the links over a connection, as eagerly as it
 * pleases, and applies what it reads to its replica. */
#ifndef LINKWATCH_TESTS_MODEL_GUEST_H
#define LINKWATCH_TESTS_MODEL_GUEST_H

#include "tests/model/replica.h"
#include "tests/model/serve.h"
#include "tests/model/simulated_kernel.h"

/* What it asks for: all links, those with a name that begins with v, or all links and addresses. */
enum guest_filter { GUEST_ALL, GUEST_V, GUEST_BOTH };

struct guest {
    enum guest_filter filter;
    int fd; /* -1 while it has no connection */
    struct replica replica;
    char *received;
    size_t used;
};

void guest_start(struct guest *guest, enum guest_filter filter);
void guest_stop(struct guest *guest);

/* Connects and asks, from where it stands if it has been there before and wants to. */
void guest_connect(struct guest *guest, const struct serve *serve, bool resume);
void guest_hang_up(struct guest *guest);

/* Sends bytes that mean nothing, or a part of a request. */
void guest_send(const struct guest *guest, const char *bytes, size_t size);

/* Reads up to so many bytes and applies them; how many it got. */
size_t guest_read(struct guest *guest, size_t most);

/* Fails unless its replica is what the kernel has. */
void guest_check(const struct guest *guest, const struct kernel *kernel);

#endif
