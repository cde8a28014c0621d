/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The subjects that are followed in a network namespace: its links, and their addresses as long as
 * a consumer wants them, each with its objects and its follower. Messages go in, changes come out.
 * Pure. */
#ifndef LINKWATCH_DAEMON_SUBJECTS_H
#define LINKWATCH_DAEMON_SUBJECTS_H

#include "daemon/changes.h"
#include "daemon/link_subject.h"

struct subjects_handlers {
    /* A link changed, or an address. Right after it, in the middle of a batch. */
    void (*changed)(void *user, const struct change *change);
    /* The addresses are known now, as far as they can be, and their changes are reported. */
    void (*addresses_known)(void *user);
    /* They are not followed any more. */
    void (*addresses_over)(void *user);
    /* The standing of a subject, its reason or staleness changed. */
    void (*reported)(void *user, enum subject_number subject, const struct standing_report *before,
                     const struct standing_report *after);
};

/* What they need; all of it outlives them. */
struct subjects_config {
    const struct standing_config *standing;
    struct budget_part *budget; /* what polling is paid from */
    struct quota *quota;    /* of the objects' memory; NULL for none. Without room a dump fails */
    int64_t (*clock)(void); /* CLOCK_MONOTONIC in microseconds */
};

struct subjects {
    struct subjects_config config;
    struct subjects_handlers handlers;
    void *user;
    struct link_objects links;
    struct address_table *addresses; /* NULL while they are not followed */
    bool addresses_known;
    struct changes changes;
    struct follower followers[SUBJECT_COUNT]; /* without standing where none is followed */
    /* What consumers see of each, NULL likewise: the place stays the same. */
    const struct standing_report *reports[SUBJECT_COUNT];
};

/* Follows links. Not to be moved; to be cleared on failure, too. False without memory. */
bool subjects_init(struct subjects *subjects, const struct subjects_config *config,
                   const struct subjects_handlers *handlers, void *user);
void subjects_clear(struct subjects *subjects);

/* The next one that is followed, after that one or the first for NULL; NULL at the end. */
static inline struct follower *subjects_next(const struct subjects *subjects,
                                             const struct follower *follower)
{
    const struct follower *next = follower ? follower + 1 : subjects->followers;

    while (next < subjects->followers + SUBJECT_COUNT && !next->standing)
        next++;
    return next < subjects->followers + SUBJECT_COUNT ? (struct follower *)next : NULL;
}

#define FOREACH_FOLLOWER(follower, subjects)                                    \
    for (struct follower *follower = subjects_next((subjects), NULL); follower; \
         follower = subjects_next((subjects), follower))

/* The one whose dump is under way; NULL for none. */
struct follower *subjects_dumping(const struct subjects *subjects);

/* A handler of rtnl; subjects: struct subjects. */
void subjects_receive(void *subjects, enum rtnl_event event, const struct nlmsghdr *message,
                      int error);

/* So many more want addresses, which are followed from the first on. -ENOMEM: then nothing changed.
 */
int subjects_want_addresses(struct subjects *subjects, int change);

/* Nobody wanted them for long enough, and nothing about them is to come. */
void subjects_end_addresses(struct subjects *subjects);

/* What is known of addresses is known when their first dump is over, or fails. */
void subjects_know_addresses(struct subjects *subjects);

/* The addresses; NULL if none are followed, or nothing is known of them. */
const struct address_table *subjects_addresses(const struct subjects *subjects);

/* A request for a dump; all zero is one that is fulfilled. */
struct subjects_request {
    uint64_t dump[SUBJECT_COUNT]; /* number of the request; 0 for none */
};

/* Requests a dump of everything that is followed; it begins after this call. */
struct subjects_request subjects_request_dump(struct subjects *subjects);

/* 1 if that request is fulfilled, and all that had happened before it is reported; 0 if not yet;
 * -errno if the dump failed. */
int subjects_dump_done(const struct subjects *subjects, const struct subjects_request *request);

/* How many requested dumps have ended. */
uint64_t subjects_dumps_done(const struct subjects *subjects);

#endif
