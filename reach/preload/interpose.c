/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's functions that stand before libc's. Each calls libc's first; what is
 * different on sockets of no interest to us is a check of what came. There is no table of
 * sockets: a doorbell is known by its bytes, and the helper knows what it is for. */
#include <errno.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "reach/doorbell.h"
#include "reach/handover.h"
#include "reach/preload/ask.h"
#include "reach/preload/real.h"
#include "reach/preload/subscribe.h"
#include "reach/receipt.h"

/* They bear libc's names for the linker alone, since libc's headers have declarations,
 * macros and inline functions of their own under these names. */
#define STANDS_BEFORE(name) __asm__(#name) __attribute__((visibility("default")))

int our_bind(int fd, const struct sockaddr *address, socklen_t size) STANDS_BEFORE(bind);
int our_setsockopt(int fd, int level, int option, const void *value, socklen_t size)
    STANDS_BEFORE(setsockopt);
ssize_t our_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
                   socklen_t address_size) STANDS_BEFORE(sendto);
ssize_t our_sendmsg(int fd, const struct msghdr *header, int flags) STANDS_BEFORE(sendmsg);
int our_sendmmsg(int fd, struct mmsghdr *headers, unsigned count, int flags)
    STANDS_BEFORE(sendmmsg);
ssize_t our_read(int fd, void *buffer, size_t size) STANDS_BEFORE(read);
ssize_t our_readv(int fd, const struct iovec *parts, int count) STANDS_BEFORE(readv);
ssize_t our_recv(int fd, void *buffer, size_t size, int flags) STANDS_BEFORE(recv);
ssize_t our_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
                     socklen_t *address_size) STANDS_BEFORE(recvfrom);
ssize_t our_recvmsg(int fd, struct msghdr *header, int flags) STANDS_BEFORE(recvmsg);
int our_recvmmsg(int fd, struct mmsghdr *headers, unsigned count, int flags,
                 struct timespec *timeout) STANDS_BEFORE(recvmmsg);
/* What these become in programs that are compiled with checks. */
ssize_t our_read_chk(int fd, void *buffer, size_t size, size_t room) STANDS_BEFORE(__read_chk);
ssize_t our_recv_chk(int fd, void *buffer, size_t size, size_t room, int flags)
    STANDS_BEFORE(__recv_chk);
ssize_t our_recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags,
                         struct sockaddr *address, socklen_t *address_size)
    STANDS_BEFORE(__recvfrom_chk);

/* The helper stays as long as a process lives that it knows of. */
static void register_process(void)
{
    const struct request request = {.kind = REQUEST_REGISTER};
    struct reply ignored;

    if (ask_is_possible())
        ask(request, -1, &ignored);
}

__attribute__((constructor)) static void begin(void)
{
    real();
    ask_begin();
    register_process();
    if (ask_is_possible())
        pthread_atfork(NULL, NULL, register_process);
}

/* The result of a call whose errno is known. */
static int result_of(int error, int before)
{
    errno = error == 0 ? before : error;
    return error == 0 ? 0 : -1;
}

int our_bind(int fd, const struct sockaddr *address, socklen_t size)
{
    int before = errno;
    int error = real()->bind(fd, address, size) < 0 ? errno : 0;

    return result_of(subscribe_by_bind(fd, address, size, error), before);
}

int our_setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    int before = errno, error, r = real()->setsockopt(fd, level, option, value, size);

    if (level != SOL_NETLINK)
        return r;
    error = r < 0 ? errno : 0;
    return result_of(subscribe_by_option(fd, option, value, size, error), before);
}

ssize_t our_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
                   socklen_t address_size)
{
    ssize_t sent = real()->sendto(fd, data, size, flags, address, address_size);

    return sent < 0 ? subscribe_send(fd, data, size, flags, address, address_size) : sent;
}

ssize_t our_sendmsg(int fd, const struct msghdr *header, int flags)
{
    ssize_t sent = real()->sendmsg(fd, header, flags);

    return sent < 0 ? subscribe_send_message(fd, header, flags) : sent;
}

int our_sendmmsg(int fd, struct mmsghdr *headers, unsigned count, int flags)
{
    int sent = real()->sendmmsg(fd, headers, count, flags);
    ssize_t size;

    if (sent >= 0)
        return sent;
    /* The others are the caller's to send: it may happen that not all are. */
    size = subscribe_send_message(fd, &headers[0].msg_hdr, flags);
    if (size < 0)
        return -1;
    headers[0].msg_len = (unsigned)size;
    return 1;
}

static bool read_own(pid_t tid, uint64_t address, void *data, size_t size)
{
    (void)tid;
    memcpy(data, (const void *)(uintptr_t)address, size);
    return true;
}

static bool write_own(pid_t tid, uint64_t address, const void *data, size_t size)
{
    (void)tid;
    memcpy((void *)(uintptr_t)address, data, size);
    return true;
}

static ssize_t replace(const struct receipt *receipt, ssize_t received)
{
    static const struct nlmsghdr nothing = DOORBELL_NOTHING;
    struct request request = {.inode = handover_inode(receipt->fd)};
    struct exchange exchange = {.data = &nothing, .size = sizeof(nothing)};
    struct reply reply;
    int r;

    if (request.inode == 0)
        return received;
    if (receipt->flags & MSG_PEEK)
        request.flags |= REQUEST_PEEK;
    if (receipt->has_others)
        request.flags |= REQUEST_OTHERS;
    r = ask_next(request, receipt->parts, receipt->count, &reply);
    if (r == -ENOENT)
        return received;
    if (r == -ENOBUFS) {
        errno = ENOBUFS;
        return -1;
    }
    /* If the helper can't be asked, the program isn't to see what it didn't ask for. */
    if (r >= 0)
        exchange = (struct exchange){
            .size = reply.size, .group = reply.group, .adds_group = reply.flags & REPLY_ADDS_GROUP};
    return (ssize_t)receipt_put(receipt, &exchange);
}

/* What a call that received is to return, with errno: on a socket that is served, an update
 * replaces the doorbell in its buffers. header: of a call that has one, else NULL. The memory need
 * not be set in the receipt. */
static ssize_t deliver(struct receipt *receipt, const struct msghdr *header, ssize_t received)
{
    static const struct receipt_memory own = {read_own, write_own};

    receipt->memory = &own;
    if (received <= 0 || !receipt_has_doorbell(receipt, (size_t)received) || !ask_is_possible())
        return received;
    if (header)
        receipt_read_header(receipt, (uint64_t)(uintptr_t)header);
    return replace(receipt, received);
}

/* Whether that is necessary: all that is done for messages that are no doorbells. */
static bool may_be_doorbell(const void *first, size_t size, int flags, ssize_t received)
{
    if (received <= 0)
        return false;
    if (size >= sizeof(struct nlmsghdr) && received >= (ssize_t)sizeof(struct nlmsghdr))
        return is_doorbell(first, sizeof(struct nlmsghdr));
    /* Its beginning may be in several parts, or still in the queue alone. */
    return received >= (ssize_t)sizeof(struct nlmsghdr) || (flags & MSG_PEEK);
}

/* A receipt in one part. */
static ssize_t deliver_part(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
                            const socklen_t *address_size, ssize_t received)
{
    const struct iovec part = {.iov_base = buffer, .iov_len = size};
    struct receipt receipt = {
        .fd = fd,
        .parts = &part,
        .count = 1,
        .flags = flags,
        .name = (uint64_t)(uintptr_t)address,
        .name_size = address_size ? *address_size : 0,
    };

    return deliver(&receipt, NULL, received);
}

static inline ssize_t deliver_one(int fd, void *buffer, size_t size, int flags,
                                  struct sockaddr *address, const socklen_t *address_size,
                                  ssize_t received)
{
    if (!may_be_doorbell(buffer, size, flags, received))
        return received;
    return deliver_part(fd, buffer, size, flags, address, address_size, received);
}

ssize_t our_read(int fd, void *buffer, size_t size)
{
    return deliver_one(fd, buffer, size, 0, NULL, NULL, real()->read(fd, buffer, size));
}

ssize_t our_read_chk(int fd, void *buffer, size_t size, size_t room)
{
    return deliver_one(fd, buffer, size, 0, NULL, NULL, real()->read_chk(fd, buffer, size, room));
}

ssize_t our_readv(int fd, const struct iovec *parts, int count)
{
    ssize_t received = real()->readv(fd, parts, count);
    struct receipt receipt = {.fd = fd, .parts = parts, .count = (size_t)count};

    return deliver(&receipt, NULL, received);
}

ssize_t our_recv(int fd, void *buffer, size_t size, int flags)
{
    return deliver_one(fd, buffer, size, flags, NULL, NULL, real()->recv(fd, buffer, size, flags));
}

ssize_t our_recv_chk(int fd, void *buffer, size_t size, size_t room, int flags)
{
    return deliver_one(fd, buffer, size, flags, NULL, NULL,
                       real()->recv_chk(fd, buffer, size, room, flags));
}

ssize_t our_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
                     socklen_t *address_size)
{
    return deliver_one(fd, buffer, size, flags, address, address_size,
                       real()->recvfrom(fd, buffer, size, flags, address, address_size));
}

ssize_t our_recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags,
                         struct sockaddr *address, socklen_t *address_size)
{
    return deliver_one(fd, buffer, size, flags, address, address_size,
                       real()->recvfrom_chk(fd, buffer, size, room, flags, address, address_size));
}

static ssize_t deliver_message(int fd, struct msghdr *header, size_t control_room, int flags,
                               bool has_others, ssize_t received)
{
    struct receipt receipt = {
        .fd = fd,
        .parts = header->msg_iov,
        .count = header->msg_iovlen,
        .flags = flags,
        .has_others = has_others,
        .control_room = control_room,
    };

    return deliver(&receipt, header, received);
}

ssize_t our_recvmsg(int fd, struct msghdr *header, int flags)
{
    size_t room = subscribe_adds_groups() ? header->msg_controllen : 0;
    ssize_t received = real()->recvmsg(fd, header, flags);

    return received > 0 ? deliver_message(fd, header, room, flags, false, received) : received;
}

/* More are not received at once by programs that want to have the groups. */
#define ROOMS_MAX 64

/* How much room each has for control data, as the kernel puts what it used in the same place. */
static unsigned take_rooms(const struct mmsghdr *headers, unsigned count, size_t rooms[ROOMS_MAX])
{
    if (!subscribe_adds_groups())
        return 0;
    if (count > ROOMS_MAX)
        count = ROOMS_MAX;
    for (unsigned i = 0; i < count; i++)
        rooms[i] = headers[i].msg_hdr.msg_controllen;
    return count;
}

int our_recvmmsg(int fd, struct mmsghdr *headers, unsigned count, int flags,
                 struct timespec *timeout)
{
    size_t rooms[ROOMS_MAX];
    unsigned known = take_rooms(headers, count, rooms);
    int received = real()->recvmmsg(fd, headers, count, flags, timeout);

    for (int i = 0; i < received; i++) {
        size_t room = (unsigned)i < known ? rooms[i] : 0;
        ssize_t size = deliver_message(fd, &headers[i].msg_hdr, room, flags, received > 1,
                                       (ssize_t)headers[i].msg_len);

        if (size < 0)
            return -1;
        headers[i].msg_len = (unsigned)size;
    }
    return received;
}
