/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sockets that are served because the kernel denies them updates: a duplicate of each, the
 * processes that hold it, and the updates that the program has not received yet.
 *
 * An update reaches the program by a doorbell: a request is sent on the duplicate, so that the
 * kernel's reply arrives on the program's socket and wakes the program. When the program receives
 * that reply, it is replaced by an update. There is one doorbell at a time for each socket. */
#ifndef REACH_SUBSCRIPTION_H
#define REACH_SUBSCRIPTION_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "reach/policy.h"
#include "reach/receipt.h"
#include "reach/update.h"

struct reports;
struct subscription;

RB_HEAD(subscription_tree, subscription);

/* All of them. */
struct subscriptions {
    struct subscription_tree tree; /* by inode: each call on one looks it up */
    size_t count;
    size_t reviewed; /* so many were left by the last review */
    bool rings_by_acknowledgement;
    bool copied;   /* some may be under several numbers */
    int64_t check; /* when it is due, as timeout_clock(); 0 while nothing waits */
};

/* Those in one network namespace. */
struct subscribers {
    LIST_HEAD(subscription_list, subscription) first;
    struct reports *reports; /* of which they get updates */
};

/* Which subscribers get an update. */
enum audience {
    AUDIENCE_ALL,
    AUDIENCE_DENIED, /* those to whom the kernel sends none */
    AUDIENCE_GRANTED /* the others */
};

/* None yet. */
void subscriptions_begin(struct subscriptions *list);

bool subscriptions_is_empty(const struct subscriptions *list);

/* A socket of a program. */
struct served_socket {
    uint64_t inode;
    int duplicate; /* of one that is not served yet, else -1; it is taken over, also on failure */
    pid_t process;
    int fd;                          /* in that process */
    struct subscribers *subscribers; /* that a new one joins, for good */
};

/* Serves a socket according to that membership from now on. */
int subscriptions_serve(struct subscriptions *list, const struct served_socket *socket,
                        const struct membership *membership);
/* NULL if that socket is not served. */
struct subscription *subscriptions_find(const struct subscriptions *list, uint64_t inode);

/* Whether there is a subscription to any of those groups (a mask). */
bool subscribers_have(const struct subscribers *subscribers, uint32_t groups,
                      enum audience audience);
/* Sends an update to the subscribers of that group. NULL, for lack of memory, counts as a lost
 * update. */
void subscribers_send(const struct subscribers *subscribers, uint32_t group, enum audience audience,
                      struct update *update);

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

struct subscribers *subscription_subscribers(const struct subscription *subscription);
int subscription_duplicate(const struct subscription *subscription);
const struct membership *subscription_membership(const struct subscription *subscription);
/* So many threads more, or fewer, are in a call that receives on it: how many there are now. */
unsigned subscription_count_readers(struct subscription *subscription, int change);
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
