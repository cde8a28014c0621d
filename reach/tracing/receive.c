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
    pid_t tid;
    uint64_t inode;
    bool enters;   /* a stop at the entry comes yet */
    bool restarts; /* an interruption may have to be undone */
    bool woken;
    int64_t delay;         /* until it is woken */
    int64_t wake;          /* when that is; 0 for never */
    size_t *control_rooms; /* of the messages, if the kernel doesn't report their groups */
    size_t control_count;
    struct user_regs_struct registers;
};

bool receive_is_by(const struct user_regs_struct *registers)
{
    switch (registers->orig_rax) {
    case SYS_recvmsg:
    case SYS_recvfrom:
    case SYS_recvmmsg:
    case SYS_read:
    case SYS_readv:
        return true;
    }
    return false;
}

static void free_receive(struct thread *thread)
{
    free(thread->receive->control_rooms);
    free(thread->receive);
    thread->receive = NULL;
}

void receive_forget(struct service *service, struct thread *thread)
{
    struct subscription *subscription;

    if (!thread->receive)
        return;
    subscription = subscriptions_find(service->serving.subscriptions, thread->receive->inode);
    if (subscription)
        subscription_count_readers(subscription, -1);
    free_receive(thread);
}

/* The subscription that the thread is about to receive on; NULL for none. */
static struct subscription *find_subscription(const struct service *service,
                                              const struct thread *thread,
                                              const struct user_regs_struct *registers,
                                              uint64_t *ret_inode)
{
    const struct subscriptions *subscriptions = service->serving.subscriptions;

    if (subscriptions_is_empty(subscriptions))
        return NULL;
    *ret_inode = process_socket(thread->tid, (int)registers->rdi);
    return subscriptions_find(subscriptions, *ret_inode);
}

void receive_begin(struct service *service, struct thread *thread,
                   const struct user_regs_struct *registers)
{
    bool enters = service->quirks.enters_after_seccomp;
    uint64_t inode = 0;
    struct subscription *subscription = find_subscription(service, thread, registers, &inode);
    struct receive *receive;

    if (!subscription || tracee_hold(thread->tid, registers) < 0) {
        thread->delay = 0;
        return;
    }
    receive = malloc(sizeof(*receive));
    if (!receive) {
        tracee_release(thread->tid);
        return;
    }
    *receive = (struct receive){
        .tid = thread->tid,
        .inode = inode,
        .enters = enters,
        .restarts = enters,
        .delay = thread->delay > 0 ? thread->delay : WAKE_FIRST,
        .registers = *registers,
    };
    thread->delay = 0;
    thread->receive = receive;
    subscription_count_readers(subscription, 1);
    if (subscription_membership(subscription)->pktinfo)
        receive->control_count = place_rooms(thread->tid, registers, &receive->control_rooms);
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

static void end(const struct service *service, const struct receive *receive)
{
    struct subscription *subscription =
        subscriptions_find(service->serving.subscriptions, receive->inode);
    struct user_regs_struct registers;
    unsigned others;
    int64_t result;

    if (!subscription)
        return;
    others = subscription_count_readers(subscription, -1);
    if (tracee_get_registers(receive->tid, &registers) < 0)
        return;
    result = adjust(receive, subscription, (int64_t)registers.rax);
    if (result != (int64_t)registers.rax) {
        registers.rax = (uint64_t)result;
        tracee_set_registers(receive->tid, &registers);
    }
    /* Another thread may have taken what isn't in the socket's queue any more. */
    if (others == 0)
        subscription_check(subscription);
}

void receive_step(struct service *service, struct thread *thread)
{
    struct receive *receive = thread->receive;

    if (receive->enters) {
        receive->enters = false;
        receive->wake = timeout_clock() + receive->delay;
        if (service->wake == 0 || receive->wake < service->wake)
            service->wake = receive->wake;
        return;
    }
    end(service, receive);
    tracee_release(thread->tid);
    /* One that goes on with what it was woken in is left alone for longer. */
    if (receive->woken)
        thread->delay = receive->delay < WAKE_MAX / 2 ? 2 * receive->delay : WAKE_MAX;
    free_receive(thread);
}

int receive_timeout(const struct service *service)
{
    return service->wake == 0 ? -1 : timeout_until(service->wake);
}

void receive_wake(struct service *service)
{
    int64_t now = timeout_clock(), next = 0;
    struct thread *thread;

    if (receive_timeout(service) != 0)
        return;
    RB_FOREACH(thread, threads, &service->threads)
    {
        struct receive *receive = thread->receive;

        if (!receive || receive->wake == 0 || receive->woken)
            continue;
        receive->woken = receive->wake <= now;
        if (receive->woken)
            tracee_interrupt(thread->tid);
        else if (next == 0 || receive->wake < next)
            next = receive->wake;
    }
    service->wake = next;
}
