#include "reach/receive.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "reach/doorbell.h"
#include "reach/moment.h"
#include "reach/tracee.h"

/* As many as the kernel takes. */
#define PARTS_MAX 1024

/* Milliseconds until a thread is woken, for the first time and at the most. */
#define WAKE_FIRST 500
#define WAKE_MAX   60000

struct receive {
    struct receive *next;
    pid_t tid;
    uint64_t inode;
    bool enters;   /* a stop at the entry comes yet */
    bool restarts; /* an interruption may have to be mended */
    bool woken;
    bool over;        /* it was woken, and may begin again */
    int64_t patience; /* until it is woken */
    int64_t wake;     /* when that is; 0 for never */
    struct user_regs_struct registers;
};

struct receives {
    struct receive *first;
};

/* Where the program wants to have a datagram. */
struct place {
    pid_t tid;
    struct iovec parts[PARTS_MAX];
    size_t count;
    int flags;
    uint64_t header; /* the program's struct msghdr, 0 for none */
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
static int64_t patience_with(const struct receives *list, pid_t tid)
{
    const struct receive *before = find(list, tid);

    if (!before)
        return WAKE_FIRST;
    return before->patience < WAKE_MAX / 2 ? 2 * before->patience : WAKE_MAX;
}

bool receives_begin(struct receives *list, struct subscriptions *subscriptions, pid_t tid,
                    const struct user_regs_struct *registers, const struct manners *manners)
{
    int64_t patience = patience_with(list, tid);
    struct receive *receive;
    uint64_t inode;

    receives_forget(list, tid);
    if (subscriptions_is_empty(subscriptions))
        return false;
    inode = tracee_socket(tid, (int)registers->rdi);
    if (!subscriptions_find(subscriptions, inode))
        return false;
    receive = malloc(sizeof(*receive));
    if (!receive)
        return false;
    *receive = (struct receive){
        .next = list->first,
        .tid = tid,
        .inode = inode,
        .enters = manners->enters_after_seccomp,
        .restarts = manners->enters_after_seccomp,
        .patience = patience,
        .registers = *registers,
    };
    list->first = receive;
    return true;
}

static bool read_struct(pid_t tid, uint64_t address, void *ret, size_t size)
{
    return tracee_read(tid, address, ret, size) == (ssize_t)size;
}

static void take_parts(struct place *place, uint64_t address, uint64_t count)
{
    size_t size;

    if (count > PARTS_MAX)
        count = PARTS_MAX;
    size = count * sizeof(struct iovec);
    if (read_struct(place->tid, address, place->parts, size))
        place->count = count;
}

static void take_header(struct place *place, uint64_t address)
{
    struct msghdr header;

    if (!read_struct(place->tid, address, &header, sizeof(header)))
        return;
    place->header = address;
    take_parts(place, (uint64_t)(uintptr_t)header.msg_iov, header.msg_iovlen);
}

static void take_place(struct place *place, const struct receive *receive)
{
    const struct user_regs_struct *registers = &receive->registers;

    place->tid = receive->tid;
    place->count = 0;
    place->flags = 0;
    place->header = 0;
    switch (registers->orig_rax) {
    case SYS_recvfrom:
        place->flags = (int)registers->r10;
        /* fall through */
    case SYS_read:
        place->parts[0].iov_base = (void *)(uintptr_t)registers->rsi;
        place->parts[0].iov_len = registers->rdx;
        place->count = 1;
        break;
    case SYS_readv:
        take_parts(place, registers->rsi, registers->rdx);
        break;
    case SYS_recvmsg:
        place->flags = (int)registers->rdx;
        take_header(place, registers->rsi);
        break;
    }
}

/* Copies out of the place or into it; how much of it was possible. */
static size_t transfer(const struct place *place, void *data, size_t size, bool writes)
{
    size_t done = 0;

    for (size_t i = 0; i < place->count && done < size; i++) {
        uint64_t address = (uint64_t)(uintptr_t)place->parts[i].iov_base;
        size_t part = place->parts[i].iov_len < size - done ? place->parts[i].iov_len : size - done;
        char *ours = (char *)data + done;

        if (part == 0)
            continue;
        if (writes ? tracee_write(place->tid, address, ours, part) < 0
                   : !read_struct(place->tid, address, ours, part))
            break;
        done += part;
    }
    return done;
}

/* Whether the datagram of that size which was received is a doorbell. */
static bool has_doorbell(const struct place *place, const struct subscription *subscription,
                         size_t received)
{
    struct nlmsghdr header;
    size_t size = received < sizeof(header) ? received : sizeof(header);

    size = transfer(place, &header, size, false);
    if (size == sizeof(header))
        return is_doorbell(&header, size);
    /* A peek that only wants to know the size: it is in the queue still. */
    if (!(place->flags & MSG_PEEK) || recv(subscription_fd(subscription), &header, sizeof(header),
                                           MSG_PEEK | MSG_DONTWAIT) < (ssize_t)sizeof(header))
        return false;
    return is_doorbell(&header, sizeof(header));
}

static void tell_whether_cut(const struct place *place, bool cut)
{
    uint64_t address = place->header + offsetof(struct msghdr, msg_flags);
    int flags;

    if (!place->header || !read_struct(place->tid, address, &flags, sizeof(flags)))
        return;
    flags = cut ? flags | MSG_TRUNC : flags & ~MSG_TRUNC;
    tracee_write(place->tid, address, &flags, sizeof(flags));
}

/* The doorbell in that place becomes the message; the size that the program is told. */
static size_t replace(const struct place *place, struct subscription *subscription)
{
    static const struct nlmsghdr nothing = DOORBELL_NOTHING;
    struct update *update = subscription_next(subscription);
    const void *data = update ? update_data(update) : &nothing;
    size_t size = update ? update_size(update) : sizeof(nothing);
    size_t written = transfer(place, (void *)(uintptr_t)data, size, true);

    tell_whether_cut(place, written < size);
    if (!(place->flags & MSG_PEEK))
        subscription_received(subscription);
    return place->flags & MSG_TRUNC ? size : written;
}

/* The result of a call that received the doorbell. A loss is told first, as the kernel does
 * when its own queue was full. */
static int64_t answer(const struct place *place, struct subscription *subscription)
{
    if (!subscription_take_overrun(subscription))
        return (int64_t)replace(place, subscription);
    if (!(place->flags & MSG_PEEK))
        subscription_ring_again(subscription);
    return -ENOBUFS;
}

/* recvmmsg: each of the datagrams is a place of its own. */
static void replace_many(struct place *place, const struct receive *receive,
                         struct subscription *subscription, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t address = receive->registers.rsi + (uint64_t)i * sizeof(struct mmsghdr);
        uint64_t length = address + offsetof(struct mmsghdr, msg_len);
        unsigned received, told;

        *place = (struct place){.tid = receive->tid, .flags = (int)receive->registers.r10};
        take_header(place, address);
        if (!read_struct(place->tid, length, &received, sizeof(received)) ||
            !has_doorbell(place, subscription, received))
            continue;
        told = (unsigned)replace(place, subscription);
        tracee_write(place->tid, length, &told, sizeof(told));
    }
}

/* Of a call that received something; the result that the program is to see. */
static int64_t received(const struct receive *receive, struct subscription *subscription,
                        int64_t result)
{
    struct place *place = malloc(sizeof(*place));

    if (!place)
        return result;
    if (receive->registers.orig_rax == SYS_recvmmsg) {
        replace_many(place, receive, subscription, result);
    } else {
        take_place(place, receive);
        if (has_doorbell(place, subscription, (size_t)result))
            result = answer(place, subscription);
    }
    free(place);
    return result;
}

static int64_t mend(const struct receive *receive, struct subscription *subscription,
                    int64_t result)
{
    /* gVisor tells of a signal even to those who want the call to be restarted. */
    if (result == -EINTR && receive->restarts)
        return TRACEE_RESTART;
    if (result > 0)
        return received(receive, subscription, result);
    if (result == -EAGAIN && subscription_take_overrun(subscription))
        return -ENOBUFS;
    return result;
}

static void end(struct receives *list, struct subscriptions *subscriptions,
                const struct receive *receive)
{
    struct subscription *subscription = subscriptions_find(subscriptions, receive->inode);
    struct user_regs_struct registers;
    int64_t result;

    if (!subscription || tracee_get_registers(receive->tid, &registers) < 0)
        return;
    result = mend(receive, subscription, (int64_t)registers.rax);
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
        receive->wake = moment_now() + receive->patience;
        return;
    }
    end(list, subscriptions, receive);
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
            timeout = moment_sooner(timeout, receive->wake - moment_now());
    return timeout;
}

void receives_wake(struct receives *list)
{
    for (struct receive *receive = list->first; receive; receive = receive->next)
        if (receive->wake != 0 && !receive->woken && receive->wake <= moment_now()) {
            receive->woken = true;
            tracee_interrupt(receive->tid);
        }
}
