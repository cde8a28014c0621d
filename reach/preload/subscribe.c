/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/subscribe.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reach/handover.h"
#include "reach/policy.h"
#include "reach/preload/ask.h"
#include "reach/preload/real.h"

/* What is received is examined more closely then. It stays as it is for a child. */
static bool adds_groups;

bool subscribe_adds_groups(void)
{
    return adds_groups;
}

/* Only if it is sure that the kernel has read it. */
static bool take_address(const struct sockaddr *address, socklen_t size, struct sockaddr_nl *ret)
{
    if (!address || size < sizeof(*ret) || size > sizeof(struct sockaddr_storage))
        return false;
    memcpy(ret, address, sizeof(*ret));
    return ret->nl_family == AF_NETLINK;
}

/* What the attempt comes to. Without the helper, the result stays what it is. */
static struct reply rule(int fd, const struct attempt *attempt, uint32_t flags)
{
    const struct request request = {
        .kind = REQUEST_RULE,
        .flags = flags,
        .inode = handover_inode(fd),
        .attempt = attempt->kind,
        .value = attempt->value,
        .error = attempt->error,
    };
    struct reply reply = {.result = attempt->error};

    if (request.inode != 0)
        ask(request, policy_may_serve(attempt) ? fd : -1, &reply);
    return reply;
}

static int call_bind(int fd, const struct sockaddr_nl *address)
{
    return real()->bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
}

/* A bind failed with that errno: repeated, if only the helper still held the port. */
static int bind_if_free(int fd, const struct sockaddr_nl *address, int error)
{
    const struct attempt attempt = {
        .kind = ATTEMPT_BIND, .value = address->nl_groups, .error = error};

    if (error == EADDRINUSE && rule(fd, &attempt, 0).flags & REPLY_REPEATS)
        error = call_bind(fd, address);
    return error;
}

static void bind_by_sending(int fd)
{
    static const struct nlmsghdr nothing = POLICY_BINDING_REQUEST;

    syscall(SYS_sendto, fd, &nothing, sizeof(nothing), MSG_DONTWAIT, NULL, 0);
}

int subscribe_by_bind(int fd, const struct sockaddr *address, socklen_t size, int error)
{
    struct attempt attempt = {.kind = ATTEMPT_BIND};
    struct sockaddr_nl wanted;
    struct reply reply;

    if (!ask_is_possible() || !take_address(address, size, &wanted))
        return error;
    attempt.value = wanted.nl_groups;
    attempt.error = bind_if_free(fd, &wanted, error);
    if (attempt.error == EADDRINUSE)
        return EADDRINUSE;
    reply = rule(fd, &attempt, 0);
    if (!(reply.flags & REPLY_REPEATS))
        return reply.result;
    wanted.nl_groups = reply.groups;
    error = bind_if_free(fd, &wanted, call_bind(fd, &wanted));
    if (policy_is_denial(error))
        bind_by_sending(fd);
    else if (error != 0)
        return error;
    return rule(fd, &attempt, REQUEST_REPEATED).result;
}

int subscribe_by_option(int fd, int option, const void *value, socklen_t size, int error)
{
    struct attempt attempt = {.error = error};

    if (!ask_is_possible() || !policy_option(option, &attempt.kind) || !value ||
        size < sizeof(attempt.value))
        return error;
    memcpy(&attempt.value, value, sizeof(attempt.value));
    error = rule(fd, &attempt, 0).result;
    if (attempt.kind == ATTEMPT_PKTINFO && error == 0 && attempt.value != 0)
        adds_groups = true;
    return error;
}

/* Whether what couldn't be sent to that address is to be sent again, to the one in *ret. */
static bool take_plain_address(int fd, const struct sockaddr *address, socklen_t size,
                               struct sockaddr_nl *ret)
{
    struct attempt attempt = {.kind = ATTEMPT_SEND, .error = errno};
    struct reply reply = {0};

    /* What the kernel did not read may not be there. */
    if (ask_is_possible() && policy_is_denial(attempt.error) && take_address(address, size, ret)) {
        attempt.value = ret->nl_groups;
        reply = rule(fd, &attempt, 0);
    }
    errno = attempt.error;
    ret->nl_groups = reply.groups;
    return reply.flags & REPLY_REPEATS;
}

ssize_t subscribe_send(int fd, const void *data, size_t size, int flags,
                       const struct sockaddr *address, socklen_t address_size)
{
    struct sockaddr_nl plain;

    if (!take_plain_address(fd, address, address_size, &plain))
        return -1;
    return real()->sendto(fd, data, size, flags, (const struct sockaddr *)&plain, sizeof(plain));
}

ssize_t subscribe_send_message(int fd, const struct msghdr *header, int flags)
{
    struct sockaddr_nl plain;
    struct msghdr sent;

    if (!policy_is_denial(errno) ||
        !take_plain_address(fd, header->msg_name, header->msg_namelen, &plain))
        return -1;
    sent = *header;
    sent.msg_name = &plain;
    sent.msg_namelen = sizeof(plain);
    return real()->sendmsg(fd, &sent, flags);
}
