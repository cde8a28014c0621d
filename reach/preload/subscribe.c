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

static int bind_once(int fd, const struct sockaddr_nl *address)
{
    return real()->bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
}

/* The helper may hold a port that the program has left. */
static int bind_to(int fd, const struct sockaddr_nl *address)
{
    const struct request review = {.kind = REQUEST_REVIEW};
    int error = bind_once(fd, address);

    if (error == EADDRINUSE && ask(review) >= 0)
        error = bind_once(fd, address);
    return error;
}

static struct membership membership_of(int fd)
{
    const struct request request = {.kind = REQUEST_KNOW, .inode = handover_inode(fd)};
    int r = request.inode != 0 ? ask(request) : 0;

    if (r < 0)
        r = 0;
    return (struct membership){.wanted = (uint32_t)r % KNOWN_GRANTED,
                               .granted = (uint32_t)r / KNOWN_GRANTED};
}

/* The errno that the program is to see. */
static int rule(int fd, const struct attempt *attempt)
{
    const struct request request = {
        .kind = REQUEST_RULE,
        .inode = handover_inode(fd),
        .attempt = attempt->kind,
        .value = attempt->value,
        .error = attempt->error,
    };
    int r;

    if (request.inode == 0)
        return attempt->error;
    r = policy_may_serve(attempt) ? ask_with(request, fd) : ask(request);
    return r < 0 ? attempt->error : r;
}

static void bind_by_sending(int fd)
{
    static const struct nlmsghdr nothing = POLICY_BINDING_REQUEST;

    syscall(SYS_sendto, fd, &nothing, sizeof(nothing), MSG_DONTWAIT, NULL, 0);
}

/* Without the groups that the kernel refused. */
static int bind_plainly(int fd, struct sockaddr_nl address, const struct attempt *attempt)
{
    const struct membership membership = membership_of(fd);
    int error;

    address.nl_groups = policy_rule(attempt, &membership).groups;
    error = bind_to(fd, &address);
    if (!policy_is_denial(error))
        return error;
    bind_by_sending(fd);
    return 0;
}

int subscribe_by_bind(int fd, const struct sockaddr *address, socklen_t size, int error)
{
    struct sockaddr_nl wanted;
    struct attempt attempt;

    if (!ask_is_possible() || !take_address(address, size, &wanted))
        return error;
    if (error == EADDRINUSE)
        error = bind_to(fd, &wanted);
    attempt = (struct attempt){.kind = ATTEMPT_BIND, .value = wanted.nl_groups, .error = error};
    if (!policy_concerns(&attempt))
        return error;
    if (error != 0 && policy_may_serve(&attempt) && handover_inode(fd) != 0) {
        int plain = bind_plainly(fd, wanted, &attempt);

        if (plain != 0)
            return plain;
    }
    return rule(fd, &attempt);
}

int subscribe_by_option(int fd, int option, const void *value, socklen_t size, int error)
{
    struct attempt attempt = {.error = error};

    if (!ask_is_possible() || !policy_option(option, &attempt.kind) || !value ||
        size < sizeof(attempt.value))
        return error;
    memcpy(&attempt.value, value, sizeof(attempt.value));
    if (!policy_concerns(&attempt))
        return error;
    error = rule(fd, &attempt);
    if (attempt.kind == ATTEMPT_PKTINFO && error == 0 && attempt.value != 0)
        adds_groups = true;
    return error;
}

/* Whether a request that couldn't be sent is one to groups, which *ret then isn't any more. */
static bool take_plain_address(int fd, const struct sockaddr *address, socklen_t size,
                               struct sockaddr_nl *ret)
{
    int error = errno;
    bool taken = ask_is_possible() && policy_is_denial(error) && take_address(address, size, ret) &&
                 policy_is_to_groups(ret);

    if (taken) {
        const struct membership membership = membership_of(fd);

        taken = membership.wanted || membership.granted;
    }
    errno = error;
    ret->nl_groups = 0;
    return taken;
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

    /* What the kernel did not read may not be there. */
    if (!policy_is_denial(errno) ||
        !take_plain_address(fd, header->msg_name, header->msg_namelen, &plain))
        return -1;
    sent = *header;
    sent.msg_name = &plain;
    sent.msg_namelen = sizeof(plain);
    return real()->sendmsg(fd, &sent, flags);
}
