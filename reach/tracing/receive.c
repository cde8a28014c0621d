/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/receive.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "reach/process.h"
#include "reach/timeout.h"
#include "reach/tracing/place.h"
#include "reach/tracing/tracee.h"

/* Milliseconds until a thread is woken, for the first time and at the most. */
#define WAKE_FIRST 500
#define WAKE_MAX   60000

struct receive {
    struct receive *next;
    pid_t tid;
    uint64_t inode;
    bool enters;   /* a stop at the entry comes yet */
    bool restarts; /* an interruption may have to be undone */
    bool woken;
    bool over;             /* it was woken, and may begin again */
    int64_t delay;         /* until it is woken */
    int64_t wake;          /* when that is; 0 for never */
    size_t *control_rooms; /* of the messages, if the kernel doesn't report their groups */
    size_t control_count;
    struct user_regs_struct registers;
};

struct receives {
    struct receive *first;
};

struct receives *receives_new(void)
{
    return calloc(1, sizeof(struct receives));
}

struct receives *receives_free(struct receives *list)
{
    if (!list)
        return NULL;
    while (list->first)
        receives_forget(list, list->first->tid);
    free(list);
    return NULL;
}

static struct receive *find(const struct receives *list, pid_t tid)
{
    for (struct receive *receive = list->first; receive; receive = receive->next)
        if (receive->tid == tid)
            return receive;
    return NULL;
}

bool receives_has(const struct receives *list, pid_t tid)
{
    const struct receive *receive = find(list, tid);

    return receive && !receive->over;
}

void receives_forget(struct receives *list, pid_t tid)
{
    for (struct receive **place = &list->first; *place; place = &(*place)->next) {
        struct receive *receive = *place;

        if (receive->tid == tid) {
            *place = receive->next;
            free(receive->control_rooms);
            free(receive);
            return;
        }
    }
}

/* Whether another thread may have taken what isn't in the socket's queue any more. */
static bool is_shared(const struct receives *list, const struct receive *receive)
{
    for (const struct receive *other = list->first; other; other = other->next)
        if (other != receive && other->inode == receive->inode && !other->over)
            return true;
    return false;
}

/* A thread that goes on with what it was woken in is left alone for longer. */
static int64_t wake_delay(const struct receives *list, pid_t tid)
{
    const struct receive *before = find(list, tid);

    if (!before)
        return WAKE_FIRST;
    return before->delay < WAKE_MAX / 2 ? 2 * before->delay : WAKE_MAX;
}

bool receives_begin(struct receives *list, struct subscriptions *subscriptions, pid_t tid,
                    const struct user_regs_struct *registers, const struct quirks *quirks)
{
    int64_t delay = wake_delay(list, tid);
    const struct subscription *subscription;
    struct receive *receive;
    uint64_t inode;

    receives_forget(list, tid);
    if (subscriptions_is_empty(subscriptions))
        return false;
    inode = process_socket(tid, (int)registers->rdi);
    subscription = subscriptions_find(subscriptions, inode);
    if (!subscription)
        return false;
    if (tracee_hold(tid, registers) < 0)
        return false;
    receive = malloc(sizeof(*receive));
    if (!receive) {
        tracee_release(tid);
        return false;
    }
    *receive = (struct receive){
        .next = list->first,
        .tid = tid,
        .inode = inode,
        .enters = quirks->enters_after_seccomp,
        .restarts = quirks->enters_after_seccomp,
        .delay = delay,
        .registers = *registers,
    };
    if (subscription_membership(subscription)->pktinfo)
        receive->control_count = place_rooms(tid, registers, &receive->control_rooms);
    list->first = receive;
    return true;
}

/* The doorbell is replaced by the update: the size that the program is to see, or -ENOBUFS. */
static int64_t replace(const struct receipt *receipt, struct subscription *subscription)
{
    bool peeks = receipt->flags & MSG_PEEK;
    struct exchange exchange;
    int64_t size;
    int r = subscription_exchange(subscription, peeks, receipt->has_others, &exchange);

    if (r < 0)
        return r;
    size = (int64_t)receipt_put(receipt, &exchange);
    if (!peeks)
        subscription_received(subscription);
    return size;
}

/* A message of that size, as the program is to see it. */
static int64_t finish(const struct receipt *receipt, struct subscription *subscription,
                      size_t received)
{
    if (receipt_has_doorbell(receipt, received))
        return replace(receipt, subscription);
    if (subscription_membership(subscription)->pktinfo)
        receipt_add_no_group(receipt);
    return (int64_t)received;
}

static size_t room_of(const struct receive *receive, size_t index)
{
    return index < receive->control_count ? receive->control_rooms[index] : 0;
}

/* recvmmsg: the result that the program is to see. */
static int64_t finish_many(struct place *place, const struct receive *receive,
                           struct subscription *subscription, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t address = receive->registers.rsi + (uint64_t)i * sizeof(struct mmsghdr);
        uint64_t length = address + offsetof(struct mmsghdr, msg_len);
        int64_t result;
        unsigned size;

        place_take_header(place, receive->tid, subscription_duplicate(subscription), address,
                          (int)receive->registers.r10, room_of(receive, (size_t)i));
        place->receipt.has_others = count > 1;
        if (tracee_read(receive->tid, length, &size, sizeof(size)) != sizeof(size))
            continue;
        result = finish(&place->receipt, subscription, size);
        if (result < 0)
            return result;
        size = (unsigned)result;
        tracee_write(receive->tid, length, &size, sizeof(size));
    }
    return count;
}

/* Of a call that received something; the result that the program is to see. */
static int64_t received(const struct receive *receive, struct subscription *subscription,
                        int64_t result)
{
    struct place *place = malloc(sizeof(*place));

    if (!place)
        return result;
    if (receive->registers.orig_rax == SYS_recvmmsg) {
        result = finish_many(place, receive, subscription, result);
    } else {
        place_take(place, receive->tid, subscription_duplicate(subscription), &receive->registers,
                   room_of(receive, 0));
        result = finish(&place->receipt, subscription, (size_t)result);
    }
    free(place);
    return result;
}

static int64_t adjust(const struct receive *receive, struct subscription *subscription,
                      int64_t result)
{
    /* gVisor returns EINTR even where the call is to be restarted. */
    if (result == -EINTR && receive->restarts)
        return TRACEE_RESTART;
    return result > 0 ? received(receive, subscription, result) : result;
}

static void end(struct receives *list, struct subscriptions *subscriptions,
                const struct receive *receive)
{
    struct subscription *subscription = subscriptions_find(subscriptions, receive->inode);
    struct user_regs_struct registers;
    int64_t result;

    if (!subscription || tracee_get_registers(receive->tid, &registers) < 0)
        return;
    result = adjust(receive, subscription, (int64_t)registers.rax);
    if (result != (int64_t)registers.rax) {
        registers.rax = (uint64_t)result;
        tracee_set_registers(receive->tid, &registers);
    }
    if (!is_shared(list, receive))
        subscription_check(subscription);
}

void receives_step(struct receives *list, struct subscriptions *subscriptions, pid_t tid)
{
    struct receive *receive = find(list, tid);

    if (receive->enters) {
        receive->enters = false;
        receive->wake = timeout_clock() + receive->delay;
        return;
    }
    end(list, subscriptions, receive);
    tracee_release(tid);
    if (receive->woken)
        receive->over = true;
    else
        receives_forget(list, tid);
}

int receives_timeout(const struct receives *list)
{
    int timeout = -1;

    for (const struct receive *receive = list->first; receive; receive = receive->next)
        if (receive->wake != 0 && !receive->woken)
            timeout = timeout_min(timeout, timeout_until(receive->wake));
    return timeout;
}

void receives_wake(struct receives *list)
{
    for (struct receive *receive = list->first; receive; receive = receive->next)
        if (receive->wake != 0 && !receive->woken && receive->wake <= timeout_clock()) {
            receive->woken = true;
            tracee_interrupt(receive->tid);
        }
}
