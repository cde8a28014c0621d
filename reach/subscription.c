/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/subscription.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reach/doorbell.h"
#include "reach/process.h"
#include "reach/process_set.h"
#include "reach/timeout.h"

/* Milliseconds between two checks for lost doorbells. */
#define CHECK_TIME 500

struct subscription {
    RB_ENTRY(subscription) node;
    LIST_ENTRY(subscription) sibling; /* among the subscribers */
    struct subscriptions *list;
    struct subscribers *subscribers;
    uint64_t inode;
    int duplicate;
    int fd; /* in each of the holders, unless they moved it */
    struct process_set holders;
    struct membership membership;
    unsigned readers;
    bool bound;
    bool rings;
    bool missed; /* nothing was queued any more at the last check */
    bool overrun;
    struct update_queue queue;
};

static bool is_waiting(const struct subscription *subscription)
{
    return subscription->overrun || update_queue_first(&subscription->queue);
}

static int compare(const struct subscription *a, const struct subscription *b)
{
    return (a->inode > b->inode) - (a->inode < b->inode);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(subscription_tree, subscription, node, compare, STATIC)

/* Each subscription of a list that may be constant. */
#define EACH(s, list) RB_FOREACH (s, subscription_tree, (struct subscription_tree *)&(list)->tree)

void subscriptions_begin(struct subscriptions *list)
{
    *list = (struct subscriptions){.rings_by_acknowledgement = doorbell_is_acknowledgement()};
}

static void let_go(struct subscription *subscription)
{
    RB_REMOVE(subscription_tree, &subscription->list->tree, subscription);
    LIST_REMOVE(subscription, sibling);
    subscription->list->count--;
    while (update_queue_first(&subscription->queue))
        update_queue_pop(&subscription->queue);
    process_set_remove_all(&subscription->holders);
    close(subscription->duplicate);
    free(subscription);
}

bool subscriptions_is_empty(const struct subscriptions *list)
{
    return RB_EMPTY(&list->tree);
}

/* Whether it gets updates of any of those groups. */
static bool is_in(const struct subscription *subscription, uint32_t groups, enum audience audience)
{
    const struct membership *membership = &subscription->membership;
    uint32_t wanted = membership->wanted & groups;

    switch (audience) {
    case AUDIENCE_ALL:
        break;
    case AUDIENCE_DENIED:
        wanted &= ~membership->granted;
        break;
    case AUDIENCE_GRANTED:
        wanted &= membership->granted;
        break;
    }
    return wanted;
}

bool subscribers_have(const struct subscribers *subscribers, uint32_t groups,
                      enum audience audience)
{
    const struct subscription *s;

    LIST_FOREACH (s, &subscribers->first, sibling) {
        if (is_in(s, groups, audience))
            return true;
    }
    return false;
}

struct subscription *subscriptions_find(const struct subscriptions *list, uint64_t inode)
{
    struct subscription *s = RB_ROOT(&list->tree);

    /* A key to compare with would be as large as they are. */
    while (s && s->inode != inode)
        s = inode < s->inode ? RB_LEFT(s, node) : RB_RIGHT(s, node);
    return s;
}

/* Takes over the duplicate, also if it fails. */
static int add(struct subscriptions *list, const struct served_socket *socket,
               struct subscription **ret)
{
    struct subscription *subscription;

    if (socket->duplicate < 0)
        return -EBADF;
    /* Of those whose close was not observed, there are not many more than of others.
     */
    if (list->count > 2 * list->reviewed)
        subscriptions_review(list);
    subscription = calloc(1, sizeof(*subscription));
    if (!subscription) {
        close(socket->duplicate);
        return -ENOMEM;
    }
    subscription->list = list;
    subscription->subscribers = socket->subscribers;
    subscription->inode = socket->inode;
    subscription->duplicate = socket->duplicate;
    subscription->fd = socket->fd;
    RB_INSERT(subscription_tree, &list->tree, subscription);
    LIST_INSERT_HEAD(&socket->subscribers->first, subscription, sibling);
    list->count++;
    *ret = subscription;
    return 0;
}

int subscriptions_serve(struct subscriptions *list, const struct served_socket *socket,
                        const struct membership *membership)
{
    struct subscription *subscription = subscriptions_find(list, socket->inode);
    int r = 0;

    if (!subscription)
        r = add(list, socket, &subscription);
    else if (socket->duplicate >= 0)
        close(socket->duplicate);
    if (r < 0)
        return r;
    subscription->membership = *membership;
    /* Without memory it is let go with the next review. */
    return process_set_add(&subscription->holders, socket->process);
}

/* A request on a socket that isn't bound would bind it to a port of the sender. The kernel, too,
 * sends nothing there. */
static bool is_bound(struct subscription *subscription)
{
    struct sockaddr_nl address = {0};
    socklen_t size = sizeof(address);

    if (!subscription->bound)
        subscription->bound =
            getsockname(subscription->duplicate, (struct sockaddr *)&address, &size) == 0 &&
            address.nl_pid != 0;
    return subscription->bound;
}

static int ring(struct subscription *subscription)
{
    int r;

    if (!is_bound(subscription))
        return -ENOTCONN;
    r = doorbell_ring(subscription->duplicate, subscription->list->rings_by_acknowledgement);
    if (r < 0)
        return r;
    subscription->rings = true;
    subscription->missed = false;
    return 0;
}

static void push(struct subscription *subscription, struct update *update)
{
    struct subscriptions *list = subscription->list;

    if (!update || !update_queue_push(&subscription->queue, update))
        subscription->overrun = true;
    if (list->check == 0)
        list->check = timeout_clock() + CHECK_TIME;
    /* What goes wrong here is tried again with the next one. */
    if (!subscription->rings)
        ring(subscription);
}

void subscribers_send(const struct subscribers *subscribers, uint32_t group, enum audience audience,
                      struct update *update)
{
    struct subscription *s;

    LIST_FOREACH (s, &subscribers->first, sibling) {
        if (is_in(s, policy_mask(group), audience))
            push(s, update);
    }
}

void subscriptions_copied(struct subscriptions *list)
{
    list->copied = true;
}

static bool has(const struct subscription *subscription, pid_t process)
{
    return process_has_socket(process, subscription->fd, subscription->inode,
                              subscription->list->copied);
}

/* Here and below: without memory, its own are let go of with the others'. */
void subscriptions_share(struct subscriptions *list, pid_t process)
{
    struct subscription *s;

    EACH (s, list)
        if (has(s, process))
            process_set_add(&s->holders, process);
}

void subscriptions_inherit(struct subscriptions *list, pid_t parent, pid_t child)
{
    struct subscription *s;

    /* A copy of all descriptors, which need not be read. */
    EACH (s, list)
        if (process_set_has(&s->holders, parent))
            process_set_add(&s->holders, child);
}

/* Whether no process has it any more; then it is let go. */
static bool drop_unheld(struct subscription *subscription)
{
    if (!RB_EMPTY(&subscription->holders))
        return false;
    let_go(subscription);
    return true;
}

static bool review(struct subscription *subscription)
{
    struct process_entry *holder, *next;

    RB_FOREACH_SAFE (holder, process_set, &subscription->holders, next)
        if (!has(subscription, holder->pid))
            process_set_remove(&subscription->holders, holder->pid);
    return drop_unheld(subscription);
}

bool subscriptions_review(struct subscriptions *list)
{
    struct subscription *s, *next;
    bool any = false;

    RB_FOREACH_SAFE (s, subscription_tree, &list->tree, next)
        any |= review(s);
    list->reviewed = list->count;
    return any;
}

bool subscriptions_review_process(struct subscriptions *list, pid_t process)
{
    struct subscription *s, *next;
    struct process_sockets sockets;
    bool any = false;

    if (subscriptions_is_empty(list))
        return false;

    /* Once for all: there may be thousands of them. */
    process_list_sockets(process, &sockets);
    RB_FOREACH_SAFE (s, subscription_tree, &list->tree, next)
        if (process_set_has(&s->holders, process) && !process_sockets_have(&sockets, s->inode)) {
            process_set_remove(&s->holders, process);
            any |= drop_unheld(s);
        }
    process_free_sockets(&sockets);
    return any;
}

bool subscriptions_review_one(struct subscriptions *list, uint64_t inode)
{
    struct subscription *subscription = subscriptions_find(list, inode);

    return subscription && review(subscription);
}

struct subscribers *subscription_subscribers(const struct subscription *subscription)
{
    return subscription->subscribers;
}

int subscription_duplicate(const struct subscription *subscription)
{
    return subscription->duplicate;
}

const struct membership *subscription_membership(const struct subscription *subscription)
{
    return &subscription->membership;
}

unsigned subscription_count_readers(struct subscription *subscription, int change)
{
    /* Some may have begun before another socket of this inode was closed. */
    if (change > 0 || subscription->readers > 0)
        subscription->readers += (unsigned)change;
    return subscription->readers;
}

/* The program received the doorbell: another one is needed if anything is left. */
static void answered(struct subscription *subscription)
{
    subscription->rings = false;
    subscription->missed = false;
    if (is_waiting(subscription))
        ring(subscription);
}

int subscription_exchange(struct subscription *subscription, bool peeks, bool has_others,
                          struct exchange *ret)
{
    static const struct nlmsghdr nothing = DOORBELL_NOTHING;
    const struct update *update = update_queue_first(&subscription->queue);

    if (subscription->overrun && !has_others) {
        subscription->overrun = false;
        if (!peeks)
            answered(subscription);
        return -ENOBUFS;
    }
    *ret = (struct exchange){
        .data = update ? (const void *)update->data : &nothing,
        .size = update ? update->size : sizeof(nothing),
        .group = update ? update->group : 0,
        .adds_group = subscription->membership.pktinfo,
    };
    return 0;
}

void subscription_received(struct subscription *subscription)
{
    update_queue_pop(&subscription->queue);
    answered(subscription);
}

/* Whether the program has something to receive. Receiving would take an error from it. */
static bool has_queued(const struct subscription *subscription)
{
    struct pollfd queue = {.fd = subscription->duplicate, .events = POLLIN};

    return poll(&queue, 1, 0) > 0 && (queue.revents & POLLIN);
}

void subscription_check(struct subscription *subscription)
{
    /* While anything is queued, the doorbell may be behind it. */
    if (is_waiting(subscription) && !(subscription->rings && has_queued(subscription)))
        ring(subscription);
}

int subscriptions_timeout(const struct subscriptions *list)
{
    return list->check ? timeout_until(list->check) : -1;
}

void subscriptions_check(struct subscriptions *list)
{
    struct subscription *s;
    bool any = false;

    if (subscriptions_timeout(list) != 0)
        return;
    EACH (s, list) {
        /* At the first time, it may have been received just now. */
        if (s->missed || !s->rings)
            subscription_check(s);
        else
            s->missed = is_waiting(s) && !has_queued(s);
        any |= is_waiting(s);
    }
    list->check = any ? timeout_clock() + CHECK_TIME : 0;
}
