/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that is limited in total and shared on two levels: between users, and between the network
 * namespaces of each user. A member of a level can have at most as much as is still available to
 * others: one member can have one half, two members one third each, and so on, so that a few cannot
 * use up everything. A part of the total is reserved for privileged users. A member that has
 * nothing yet can always allocate one piece of any size. Pure. */
#ifndef LINKWATCH_DAEMON_QUOTA_H
#define LINKWATCH_DAEMON_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

/* The reserved part: one of this many. */
#define QUOTA_RESERVE 16

struct quota {
    struct quota *above; /* the quota that it is a part of; NULL for the total */
    size_t max;          /* of the total, in bytes */
    bool privileged;     /* it and its parts may use the reserve */
    bool refused;        /* set on refusal; reset by the caller that reads it */
    size_t used;
};

/* Reserves bytes; returns false if there is no room for them. NULL has no limit. */
bool quota_take(struct quota *quota, size_t bytes);

/* Releases bytes that were reserved. */
void quota_give(struct quota *quota, size_t bytes);

/* Allocates zeroed memory that counts towards the quota; NULL if out of memory, or if there is no
 * room for it. The second function frees it; it must be given the same size, and accepts NULL. */
void *quota_calloc(struct quota *quota, size_t count, size_t size);
void quota_free(struct quota *quota, void *memory, size_t count, size_t size);

#endif
