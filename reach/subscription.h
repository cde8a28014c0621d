/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sockets that we serve because the kernel denies them link updates: a duplicate of each, who
 * has it, and the updates that it has not received yet.
 *
 * A message is brought into the program by a doorbell: we ask the kernel for something on
 * the duplicate, so that an answer comes to the program's socket and wakes it. When the program
 * receives that answer, an update takes the answer's place. One doorbell is out
 * at a time. */
#ifndef REACH_SUBSCRIPTION_H
#define REACH_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "reach/policy.h"
#include "reach/receipt.h"
#include "reach/update.h"

struct reports;
struct subscription;
struct subscriptions;

/* Whom an update is for. */
enum audience {
    AUDIENCE_ALL,
    AUDIENCE_DENIED, /* those to whom the kernel itself sends none */
    AUDIENCE_GRANTED /* the others */
};

struct subscriptions *subscriptions_new(void);
struct subscriptions *subscriptions_free(struct subscriptions *list);

bool subscriptions_is_empty(const struct subscriptions *list);

/* Whether anybody subscribed to any of those groups (a mask) in that network namespace. */
bool subscriptions_have(const struct subscriptions *list, const struct reports *reports,
                        uint32_t groups, enum audience audience);
/* Whether any is about that namespace. */
bool subscriptions_are_about(const struct subscriptions *list, const struct reports *reports);

/* From now on a socket is served according to that membership; the reports that it is about stay
 * the same for each. Its inode is its name, and it is fd in that process. Of one that isn't known
 * it takes over a duplicate, also if it fails; -1 for none. */
int subscriptions_serve(struct subscriptions *list, uint64_t inode, int duplicate, pid_t process,
                        int fd, struct reports *reports, const struct membership *membership);
/* NULL if it is none. */
struct subscription *subscriptions_find(const struct subscriptions *list, uint64_t inode);

/* Sends an update of those reports to those who subscribed to that group, which is the update's;
 * NULL, for lack of memory, is a loss. */
void subscriptions_send(struct subscriptions *list, const struct reports *reports, uint32_t group,
                        enum audience audience, struct update *update);

/* A program copied one to another number, and may do so again: from now on it has those that are
 * under any of its numbers. */
void subscriptions_copied(struct subscriptions *list);
/* Another process may have some of them, too. */
void subscriptions_share(struct subscriptions *list, pid_t process);
/* A process made another one, which has what it had. */
void subscriptions_inherit(struct subscriptions *list, pid_t parent, pid_t child);
/* Looks who has them still, and lets go of those that nobody has; whether there were any: of all of
 * them, of those that a process had which ended or became another program, of one that was closed
 * somewhere. */
bool subscriptions_review(struct subscriptions *list);
bool subscriptions_review_process(struct subscriptions *list, pid_t process);
bool subscriptions_review_one(struct subscriptions *list, uint64_t inode);

/* Those that it is about. */
struct reports *subscription_reports(const struct subscription *subscription);
/* The duplicate. */
int subscription_fd(const struct subscription *subscription);
const struct membership *subscription_membership(const struct subscription *subscription);
/* Whether the program is to have the group of each message, which the kernel doesn't report. */
bool subscription_adds_group(const struct subscription *subscription);
/* What replaces the doorbell that the program received: valid until subscription_received().
 * -ENOBUFS if updates were lost: the program gets that error first, as from the kernel when its
 * queue was full, unless the call received other messages, too, which would be lost by an error.
 * If the program only peeks, the doorbell stays in the queue. */
int subscription_exchange(struct subscription *subscription, bool peeks, bool has_others,
                          struct exchange *ret);
/* It was received: the doorbell is rung again if there is more. */
void subscription_received(struct subscription *subscription);
/* Something else was received, or nothing was there. Rings again if the doorbell was lost,
 * for which the socket's queue was full. */
void subscription_check(struct subscription *subscription);
/* For what is received unseen, by another holder of the socket or where nothing is traced:
 * while a doorbell waits to be received, a check is due now and then, which takes one that is gone
 * for lost at the second time. Until then, as poll() takes it; and the check, if it is due. */
int subscriptions_timeout(const struct subscriptions *list);
void subscriptions_check(struct subscriptions *list);
#endif
