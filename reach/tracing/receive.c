/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/receive.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "reach/process.h"
#include "reach/timeout.h"
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

/* The kernel accepts no more parts of a message, and messages in one call. */
#define PARTS_MAX    1024
#define MESSAGES_MAX 1024

/* The receipt of a call of a traced program. */
struct place {
    struct receipt receipt;
    struct iovec parts[PARTS_MAX];
};

static bool read_theirs(pid_t tid, uint64_t address, void *data, size_t size)
{
    return tracee_read(tid, address, data, size) == (ssize_t)size;
}

static bool write_theirs(pid_t tid, uint64_t address, const void *data, size_t size)
{
    return tracee_write(tid, address, data, size) >= 0;
}

static const struct receipt_memory theirs = {read_theirs, write_theirs};

static void take_parts(struct place *place, uint64_t address, uint64_t count)
{
    if (count > PARTS_MAX)
        count = PARTS_MAX;
    if (read_theirs(place->receipt.tid, address, place->parts, count * sizeof(struct iovec)))
        place->receipt.count = count;
}

static void begin_place(struct place *place, pid_t tid, int fd, int flags, size_t control_room)
{
    place->receipt = (struct receipt){
        .memory = &theirs,
        .tid = tid,
        .fd = fd,
        .parts = place->parts,
        .flags = flags,
        .control_room = control_room,
    };
}

/* From a struct msghdr. fd is a duplicate of the socket. */
static void take_header(struct place *place, pid_t tid, int fd, uint64_t header, int flags,
                        size_t control_room)
{
    const struct msghdr *message = &place->receipt.message;

    begin_place(place, tid, fd, flags, control_room);
    if (receipt_read_header(&place->receipt, header))
        take_parts(place, (uint64_t)(uintptr_t)message->msg_iov, message->msg_iovlen);
}

static void take_address(struct receipt *receipt, const struct user_regs_struct *registers)
{
    socklen_t size;

    if (registers->r8 == 0 || !read_theirs(receipt->tid, registers->r9, &size, sizeof(size)))
        return;
    receipt->name = registers->r8;
    receipt->name_size = size;
}

/* From the registers of a call that received one message. */
static void take_call(struct place *place, pid_t tid, int fd,
                      const struct user_regs_struct *registers, size_t control_room)
{
    bool has_flags = registers->orig_rax == SYS_recvfrom;

    if (registers->orig_rax == SYS_recvmsg) {
        take_header(place, tid, fd, registers->rsi, (int)registers->rdx, control_room);
        return;
    }
    begin_place(place, tid, fd, has_flags ? (int)registers->r10 : 0, control_room);
    if (registers->orig_rax == SYS_readv) {
        take_parts(place, registers->rsi, registers->rdx);
        return;
    }
    if (has_flags)
        take_address(&place->receipt, registers);
    place->parts[0] =
        (struct iovec){.iov_base = (void *)(uintptr_t)registers->rsi, .iov_len = registers->rdx};
    place->receipt.count = 1;
}

/* At the entry of recvmsg() or recvmmsg(): how much room each message has for control data; the
 * kernel replaces that by the size that it used. Their number, 0 for lack of memory. */
static size_t take_rooms(pid_t tid, const struct user_regs_struct *registers, size_t **ret)
{
    bool many = registers->orig_rax == SYS_recvmmsg;
    size_t count = many ? (size_t)registers->rdx : registers->orig_rax == SYS_recvmsg;
    size_t step = many ? sizeof(struct mmsghdr) : 0, *rooms;

    if (count > MESSAGES_MAX)
        count = MESSAGES_MAX;
    if (count == 0)
        return 0;
    rooms = calloc(count, sizeof(*rooms));
    if (!rooms)
        return 0;
    for (size_t i = 0; i < count; i++)
        tracee_read(tid, registers->rsi + i * step + offsetof(struct msghdr, msg_controllen),
                    &rooms[i], sizeof(rooms[i]));
    *ret = rooms;
    return count;
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
    subscription = subscriptions_find(&service->serving.subscriptions, thread->receive->inode);
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
    const struct subscriptions *subscriptions = &service->serving.subscriptions;

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
        receive->control_count = take_rooms(thread->tid, registers, &receive->control_rooms);
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

        take_header(place, receive->tid, subscription_duplicate(subscription), address,
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
        take_call(place, receive->tid, subscription_duplicate(subscription), &receive->registers,
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
        subscriptions_find(&service->serving.subscriptions, receive->inode);
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
    RB_FOREACH (thread, threads, &service->threads) {
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
