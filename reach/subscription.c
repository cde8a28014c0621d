/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/subscription.h"

#include <bsd/sys/tree.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reach/doorbell.h"
#include "reach/process.h"
#include "reach/timeout.h"

/* More than the kernel's own queue would hold of them. */
#define UPDATES_MAX 1024

/* Milliseconds between two checks for lost doorbells. */
#define CHECK_TIME 500

struct holder {
    struct holder *next;
    pid_t process;
};

struct subscription {
    RB_ENTRY(subscription) node;
    struct subscriptions *list;
    uint64_t inode;
    int duplicate;
    int fd; /* in each of the holders, unless they moved it */
    struct holder *holders;
    bool rings_by_acknowledgement;
    struct reports *reports; /* that it is about */
    struct membership membership;
    bool bound;
    bool rings;
    bool missed; /* nothing was queued any more at the last check */
    bool overrun;
    bool counted;                      /* among those that wait */
    struct update *queue[UPDATES_MAX]; /* a ring */
    size_t first;
    size_t count;
};

RB_HEAD(subscription_tree, subscription);

struct subscriptions {
    struct subscription_tree tree; /* by inode: each call on one looks it up */
    bool rings_by_acknowledgement;
    size_t waiting;  /* those with something to be received */
    int64_t checked; /* for lost doorbells, as timeout_clock() */
    bool copied;     /* some may be under several numbers */
};

static bool is_waiting(const struct subscription *subscription)
{
    return subscription->count > 0 || subscription->overrun;
}

/* After each change of that: the time of the next check is asked for at each turn of the loop, for
 * which thousands of subscriptions can't be visited. */
static void count_waiting(struct subscription *subscription)
{
    if (is_waiting(subscription) == subscription->counted)
        return;
    subscription->counted = !subscription->counted;
    if (subscription->counted)
        subscription->list->waiting++;
    else
        subscription->list->waiting--;
}

static int compare(const struct subscription *a, const struct subscription *b)
{
    return (a->inode > b->inode) - (a->inode < b->inode);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(subscription_tree, subscription, node, compare, STATIC)

/* Each subscription of a list that may be constant. */
#define EACH(s, list) RB_FOREACH(s, subscription_tree, (struct subscription_tree *)&(list)->tree)

struct subscriptions *subscriptions_new(void)
{
    struct subscriptions *list = calloc(1, sizeof(*list));

    if (!list)
        return NULL;
    RB_INIT(&list->tree);
    list->rings_by_acknowledgement = doorbell_is_acknowledgement();
    return list;
}

static void drop_queue(struct subscription *subscription)
{
    for (; subscription->count > 0; subscription->count--) {
        update_unref(subscription->queue[subscription->first]);
        subscription->first = (subscription->first + 1) % UPDATES_MAX;
    }
}

static void let_go(struct subscriptions *list, struct subscription *subscription)
{
    RB_REMOVE(subscription_tree, &list->tree, subscription);
    drop_queue(subscription);
    subscription->overrun = false;
    count_waiting(subscription);
    for (struct holder *holder = subscription->holders, *next; holder; holder = next) {
        next = holder->next;
        free(holder);
    }
    close(subscription->duplicate);
    free(subscription);
}

struct subscriptions *subscriptions_free(struct subscriptions *list)
{
    if (!list)
        return NULL;
    while (!RB_EMPTY(&list->tree))
        let_go(list, RB_ROOT(&list->tree));
    free(list);
    return NULL;
}

bool subscriptions_is_empty(const struct subscriptions *list)
{
    return RB_EMPTY(&list->tree);
}

/* Whether it is to have updates of any of those groups. */
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

bool subscriptions_have(const struct subscriptions *list, const struct reports *reports,
                        uint32_t groups, enum audience audience)
{
    struct subscription *s;

    EACH (s, list)
        if (s->reports == reports && is_in(s, groups, audience))
            return true;
    return false;
}

bool subscriptions_are_about(const struct subscriptions *list, const struct reports *reports)
{
    struct subscription *s;

    EACH (s, list)
        if (s->reports == reports)
            return true;
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

static bool is_holder(const struct subscription *subscription, pid_t process)
{
    for (const struct holder *holder = subscription->holders; holder; holder = holder->next)
        if (holder->process == process)
            return true;
    return false;
}

static int add_holder(struct subscription *subscription, pid_t process)
{
    struct holder *holder;

    if (is_holder(subscription, process))
        return 0;
    holder = malloc(sizeof(*holder));
    if (!holder)
        return -ENOMEM;
    *holder = (struct holder){.next = subscription->holders, .process = process};
    subscription->holders = holder;
    return 0;
}

/* Takes over the duplicate, also if it fails. */
static int add(struct subscriptions *list, uint64_t inode, int duplicate, struct subscription **ret)
{
    struct subscription *subscription;

    if (duplicate < 0)
        return -EBADF;
    subscription = calloc(1, sizeof(*subscription));
    if (!subscription) {
        close(duplicate);
        return -ENOMEM;
    }
    subscription->list = list;
    subscription->inode = inode;
    subscription->duplicate = duplicate;
    subscription->rings_by_acknowledgement = list->rings_by_acknowledgement;
    RB_INSERT(subscription_tree, &list->tree, subscription);
    *ret = subscription;
    return 0;
}

int subscriptions_serve(struct subscriptions *list, uint64_t inode, int duplicate, pid_t process,
                        int fd, struct reports *reports, const struct membership *membership)
{
    struct subscription *subscription = subscriptions_find(list, inode);
    int r = 0;

    if (!subscription) {
        r = add(list, inode, duplicate, &subscription);
        if (r < 0)
            return r;
        subscription->fd = fd;
        subscription->reports = reports;
    } else if (duplicate >= 0) {
        close(duplicate);
    }
    subscription->membership = *membership;
    /* Without memory it is let go with the next review. */
    return add_holder(subscription, process);
}

/* Who rings on a socket that isn't bound would bind it to a number of its own. The kernel, too,
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
    r = doorbell_ring(subscription->duplicate, subscription->rings_by_acknowledgement);
    if (r < 0)
        return r;
    subscription->rings = true;
    subscription->missed = false;
    return 0;
}

static void push(struct subscription *subscription, struct update *update)
{
    if (!update || subscription->count == UPDATES_MAX) {
        subscription->overrun = true;
    } else {
        size_t place = (subscription->first + subscription->count++) % UPDATES_MAX;

        subscription->queue[place] = update_ref(update);
    }
    count_waiting(subscription);
    /* What goes wrong here is tried again with the next one. */
    if (!subscription->rings)
        ring(subscription);
}

void subscriptions_send(struct subscriptions *list, const struct reports *reports, uint32_t group,
                        enum audience audience, struct update *update)
{
    struct subscription *s;

    EACH (s, list)
        if (s->reports == reports && is_in(s, policy_mask(group), audience))
            push(s, update);
}

void subscriptions_copied(struct subscriptions *list)
{
    list->copied = true;
}

static bool has(const struct subscriptions *list, const struct subscription *subscription,
                pid_t process)
{
    return process_has_socket(process, subscription->fd, subscription->inode, list->copied);
}

/* Without memory, its own is let go with the others'. */
static void share(const struct subscriptions *list, struct subscription *subscription,
                  pid_t process)
{
    if (has(list, subscription, process))
        add_holder(subscription, process);
}

void subscriptions_share(struct subscriptions *list, pid_t process)
{
    struct subscription *s;

    EACH (s, list)
        share(list, s, process);
}

void subscriptions_inherit(struct subscriptions *list, pid_t parent, pid_t child)
{
    struct subscription *s;

    /* A copy of all descriptors, which need not be read. */
    EACH (s, list)
        if (is_holder(s, parent))
            add_holder(s, child);
}

static void review_holders(const struct subscriptions *list, struct subscription *subscription)
{
    struct holder **place = &subscription->holders;

    while (*place) {
        struct holder *holder = *place;

        if (has(list, subscription, holder->process)) {
            place = &holder->next;
        } else {
            *place = holder->next;
            free(holder);
        }
    }
}

static void remove_holder(struct subscription *subscription, pid_t process)
{
    for (struct holder **place = &subscription->holders; *place; place = &(*place)->next) {
        struct holder *holder = *place;

        if (holder->process != process)
            continue;
        *place = holder->next;
        free(holder);
        return;
    }
}

/* Whether nobody has it any more; then it is let go. */
static bool review(struct subscriptions *list, struct subscription *subscription)
{
    review_holders(list, subscription);
    if (subscription->holders)
        return false;
    let_go(list, subscription);
    return true;
}

bool subscriptions_review(struct subscriptions *list)
{
    struct subscription *s, *next;
    bool any = false;

    RB_FOREACH_SAFE (s, subscription_tree, &list->tree, next)
        any |= review(list, s);
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
        if (is_holder(s, process) && !process_sockets_have(&sockets, s->inode)) {
            remove_holder(s, process);
            if (!s->holders) {
                let_go(list, s);
                any = true;
            }
        }
    process_free_sockets(&sockets);
    return any;
}

bool subscriptions_review_one(struct subscriptions *list, uint64_t inode)
{
    struct subscription *subscription = subscriptions_find(list, inode);

    return subscription && review(list, subscription);
}

struct reports *subscription_reports(const struct subscription *subscription)
{
    return subscription->reports;
}

int subscription_fd(const struct subscription *subscription)
{
    return subscription->duplicate;
}

const struct membership *subscription_membership(const struct subscription *subscription)
{
    return &subscription->membership;
}

bool subscription_adds_group(const struct subscription *subscription)
{
    return subscription->membership.pktinfo;
}

int subscription_exchange(struct subscription *subscription, bool peeks, bool has_others,
                          struct exchange *ret)
{
    static const struct nlmsghdr nothing = DOORBELL_NOTHING;

    if (subscription->overrun && !has_others) {
        subscription->overrun = false;
        count_waiting(subscription);
        if (!peeks) {
            subscription->rings = false;
            if (is_waiting(subscription))
                ring(subscription);
        }
        return -ENOBUFS;
    }
    *ret = (struct exchange){
        .data = &nothing, .size = sizeof(nothing), .adds_group = subscription->membership.pktinfo};
    if (subscription->count > 0) {
        const struct update *update = subscription->queue[subscription->first];

        ret->data = update->data;
        ret->size = update->size;
        ret->group = update->group;
    }
    return 0;
}

void subscription_received(struct subscription *subscription)
{
    subscription->rings = false;
    subscription->missed = false;
    if (subscription->count > 0) {
        update_unref(subscription->queue[subscription->first]);
        subscription->first = (subscription->first + 1) % UPDATES_MAX;
        subscription->count--;
    }
    count_waiting(subscription);
    if (is_waiting(subscription))
        ring(subscription);
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
    return list->waiting ? timeout_until(list->checked + CHECK_TIME) : -1;
}

void subscriptions_check(struct subscriptions *list)
{
    struct subscription *s;

    if (subscriptions_timeout(list) != 0)
        return;
    list->checked = timeout_clock();
    EACH (s, list) {
        /* At the first time, it may have been received just now. */
        if (s->missed || !s->rings)
            subscription_check(s);
        else
            s->missed = is_waiting(s) && !has_queued(s);
    }
}
