/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sockets that are served because the kernel denies them updates: a duplicate of each, the
 * processes that hold it, and the updates that the program has not received yet.
 *
 * An update reaches the program by a doorbell: a request is sent on the duplicate, so that the
 * kernel's reply arrives on the program's socket and wakes the program. When the program receives
 * that reply, it is replaced by an update. There is one doorbell at a time for each socket. */
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

/* Which subscribers get an update. */
enum audience {
    AUDIENCE_ALL,
    AUDIENCE_DENIED, /* those to whom the kernel sends none */
    AUDIENCE_GRANTED /* the others */
};

struct subscriptions *subscriptions_new(void);
struct subscriptions *subscriptions_free(struct subscriptions *list);

bool subscriptions_is_empty(const struct subscriptions *list);

/* Whether there is a subscription to any of those groups (a mask) in that network namespace. */
bool subscriptions_have(const struct subscriptions *list, const struct reports *reports,
                        uint32_t groups, enum audience audience);
/* Whether any subscription is in that namespace. */
bool subscriptions_are_about(const struct subscriptions *list, const struct reports *reports);

/* Serves a socket according to that membership from now on. The socket is known by its inode; its
 * reports never change. It is fd in that process. The duplicate of a new one is taken over, also if
 * it fails; -1 for none. */
int subscriptions_serve(struct subscriptions *list, uint64_t inode, int duplicate, pid_t process,
                        int fd, struct reports *reports, const struct membership *membership);
/* NULL if that socket is not served. */
struct subscription *subscriptions_find(const struct subscriptions *list, uint64_t inode);

/* Sends an update from those reports to the subscribers of its group. NULL, for lack of memory,
 * counts as a lost update. */
void subscriptions_send(struct subscriptions *list, const struct reports *reports, uint32_t group,
                        enum audience audience, struct update *update);

/* A program duplicated the descriptor of one, and may do so again: from now on all descriptors of a
 * process count. */
void subscriptions_copied(struct subscriptions *list);
/* Another process may hold some of the sockets, too. */
void subscriptions_share(struct subscriptions *list, pid_t process);
/* A process forked: the child holds the same sockets. */
void subscriptions_inherit(struct subscriptions *list, pid_t parent, pid_t child);
/* Drops subscriptions that no process holds. Returns whether any were dropped. Checks all of them,
 * those of a process that ended or executed another program, or one that was closed somewhere. */
bool subscriptions_review(struct subscriptions *list);
bool subscriptions_review_process(struct subscriptions *list, pid_t process);
bool subscriptions_review_one(struct subscriptions *list, uint64_t inode);

/* The reports of its network namespace. */
struct reports *subscription_reports(const struct subscription *subscription);
/* The duplicate. */
int subscription_fd(const struct subscription *subscription);
const struct membership *subscription_membership(const struct subscription *subscription);
/* Whether NETLINK_PKTINFO is added to what the program receives. */
bool subscription_adds_group(const struct subscription *subscription);
/* What replaces the doorbell that the program received: valid until subscription_received().
 * -ENOBUFS if updates were lost: the program gets that error first, as from the kernel when its
 * queue was full, unless the call received other messages, too, which would be lost by an error.
 * If the program only peeks, the doorbell stays in the queue. */
int subscription_exchange(struct subscription *subscription, bool peeks, bool has_others,
                          struct exchange *ret);
/* The program received it. Rings the doorbell again if there are more updates. */
void subscription_received(struct subscription *subscription);
/* The program received something else, or nothing. Rings again if the doorbell was lost because the
 * socket's queue was full. */
void subscription_check(struct subscription *subscription);
/* A doorbell can be received by a process that is not observed. While one is pending, all are
 * checked periodically; one that is gone in two checks is rung again. The time until the next
 * check, as for poll(), and the check, if it is due. */
int subscriptions_timeout(const struct subscriptions *list);
void subscriptions_check(struct subscriptions *list);
#endif
