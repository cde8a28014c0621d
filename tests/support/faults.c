/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module for LD_PRELOAD that makes rtnetlink sockets fail on purpose: faults.h. */
#include "tests/support/faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int socket(int domain, int type, int protocol);
int setsockopt(int fd, int level, int option, const void *value, socklen_t length);
ssize_t sendmsg(int fd, const struct msghdr *header, int flags);
ssize_t recvmsg(int fd, struct msghdr *header, int flags);

/* A preloaded module has no other place for its state. The programs under test use
 * their netlink socket from one thread. */
static struct {
    struct fault *faults; /* shared with the test; NULL if there is none */
    enum fault_kind dump; /* the fault of the dump under way, FAULT_COUNT for none */
    bool dump_answered;
    uint32_t dump_sequence;
    uint32_t dice;
} state = {.dump = FAULT_COUNT};

__attribute__((constructor)) static void open_control(void)
{
    const char *path = getenv("LINKWATCH_FAULTS");
    size_t size = FAULT_COUNT * sizeof(struct fault);
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map;

    if (fd < 0)
        return;
    map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        state.faults = map;
}

static void count(enum fault_kind kind)
{
    struct fault *fault = &state.faults[kind];

    fault->done++;
    if (fault->left != UINT32_MAX)
        fault->left--;
}

/* Whether this fault is to happen now; it is counted. */
static bool strikes(enum fault_kind kind)
{
    if (!state.faults || state.faults[kind].left == 0)
        return false;
    count(kind);
    return true;
}

static int fail(enum fault_kind kind)
{
    errno = (int)state.faults[kind].value;
    return errno ? -1 : 0;
}

static bool is_rtnetlink(int fd)
{
    int domain = 0;
    socklen_t length = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK;
}

/* The next definition of a function, that is, the C library's. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int socket(int domain, int type, int protocol)
{
    if (domain == AF_NETLINK && strikes(FAULT_SOCKET))
        return fail(FAULT_SOCKET);
    return NEXT(socket)(domain, type, protocol);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    if (level == SOL_NETLINK && option == NETLINK_ADD_MEMBERSHIP && strikes(FAULT_JOIN))
        return fail(FAULT_JOIN);
    return NEXT(setsockopt)(fd, level, option, value, length);
}

static bool asks_for_dump(const struct msghdr *header)
{
    const struct nlmsghdr *message;

    if (header->msg_iovlen != 1 || header->msg_iov->iov_len < sizeof(*message))
        return false;
    message = header->msg_iov->iov_base;
    return (message->nlmsg_type == RTM_GETLINK || message->nlmsg_type == RTM_GETADDR) &&
           (message->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

ssize_t sendmsg(int fd, const struct msghdr *header, int flags)
{
    if (!is_rtnetlink(fd) || !asks_for_dump(header))
        return NEXT(sendmsg)(fd, header, flags);
    if (strikes(FAULT_ASK))
        return fail(FAULT_ASK);
    state.dump_answered = false;
    state.dump_sequence = ((const struct nlmsghdr *)header->msg_iov->iov_base)->nlmsg_seq;
    for (state.dump = FAULT_DUMP_ERROR; state.dump < FAULT_COUNT; state.dump++)
        if (strikes(state.dump))
            break;
    return NEXT(sendmsg)(fd, header, flags);
}

static bool is_of_dump(const struct nlmsghdr *message)
{
    return message->nlmsg_seq == state.dump_sequence;
}

static bool is_answer(int fd, const struct nlmsghdr *message)
{
    struct sockaddr_nl own = {0};
    socklen_t length = sizeof(own);

    return getsockname(fd, (struct sockaddr *)&own, &length) == 0 &&
           message->nlmsg_pid == own.nl_pid;
}

/* A share of the notifications is dropped, always the same for the same sequence. */
static bool drops_notification(void)
{
    struct fault *fault = state.faults ? &state.faults[FAULT_NOTIFICATION] : NULL;

    if (!fault || fault->left == 0)
        return false;
    state.dice = state.dice * 1103515245 + 12345;
    if ((state.dice >> 16) % 1000 >= fault->value)
        return false;
    count(FAULT_NOTIFICATION);
    return true;
}

/* A link that was made while the kernel made the dump. */
static size_t make_nameless(struct nlmsghdr *message)
{
    static const struct {
        struct nlattr name;
        char no_name[NLA_ALIGNTO];
        struct nlattr mtu;
        uint32_t no_mtu;
    } rest = {.name = {.nla_len = sizeof(struct nlattr) + 1, .nla_type = IFLA_IFNAME},
              .mtu = {.nla_len = sizeof(struct nlattr) + sizeof(uint32_t), .nla_type = IFLA_MTU}};
    struct ifinfomsg *info = NLMSG_DATA(message);

    *info = (struct ifinfomsg){.ifi_index = info->ifi_index};
    memcpy(info + 1, &rest, sizeof(rest));
    message->nlmsg_len = NLMSG_LENGTH(sizeof(*info) + sizeof(rest));
    return NLMSG_ALIGN(message->nlmsg_len);
}

/* What is left of a line of a dump. */
static size_t spoil_line(struct nlmsghdr *message)
{
    const struct ifinfomsg *info = NLMSG_DATA(message);
    uint32_t index = state.faults[state.dump].value;
    size_t length = NLMSG_ALIGN(message->nlmsg_len);
    bool meant = index == 0 || info->ifi_index == (int)index;

    if (message->nlmsg_type == RTM_NEWADDR && state.dump == FAULT_DUMP_EMPTY)
        return 0;
    if (message->nlmsg_type != RTM_NEWLINK || !meant)
        return length;
    return state.dump == FAULT_DUMP_NAMELESS ? make_nameless(message) : 0;
}

/* The message at that place of a datagram, NULL at its end. */
static struct nlmsghdr *message_at(char *data, size_t size, size_t offset)
{
    struct nlmsghdr *message = (struct nlmsghdr *)(void *)(data + offset);

    if (offset + sizeof(*message) > size || message->nlmsg_len < sizeof(*message) ||
        message->nlmsg_len > size - offset)
        return NULL;
    return message;
}

/* Spoils the lines in a datagram of a dump; the size that is left, 0 for nothing. */
static size_t spoil_lines(char *data, size_t size)
{
    struct nlmsghdr *message;
    size_t left = 0;

    for (size_t offset = 0; (message = message_at(data, size, offset));) {
        size_t length = NLMSG_ALIGN(message->nlmsg_len);
        size_t rest = spoil_line(message);

        memmove(data + left, message, rest);
        left += rest;
        offset += length;
    }
    return left;
}

static void mark_interrupted(char *data, size_t size)
{
    struct nlmsghdr *message;

    for (size_t offset = 0; (message = message_at(data, size, offset));) {
        message->nlmsg_flags |= NLM_F_DUMP_INTR;
        offset += NLMSG_ALIGN(message->nlmsg_len);
    }
}

/* An error in the place of the dump's first datagram; the rest is dropped. */
static size_t answer_with_error(char *data)
{
    struct nlmsghdr *message = (struct nlmsghdr *)(void *)data;
    int error = -(int)state.faults[FAULT_DUMP_ERROR].value;

    if (state.dump_answered)
        return 0;
    message->nlmsg_type = NLMSG_ERROR;
    message->nlmsg_flags = 0;
    message->nlmsg_len = NLMSG_LENGTH(sizeof(struct nlmsgerr));
    memset(NLMSG_DATA(message), 0, sizeof(struct nlmsgerr));
    memcpy(NLMSG_DATA(message), &error, sizeof(error));
    return message->nlmsg_len;
}

/* Does to a datagram of a dump what is to be done; the size that is left of it, 0 if it
 * is to be dropped. */
static size_t spoil(struct msghdr *header, size_t size)
{
    char *data = header->msg_iov->iov_base;

    switch (state.dump) {
    case FAULT_DUMP_ERROR:
        return answer_with_error(data);
    case FAULT_DUMP_OMITS:
        mark_interrupted(data, size);
        return spoil_lines(data, size);
    case FAULT_DUMP_EMPTY:
    case FAULT_DUMP_NAMELESS:
        return spoil_lines(data, size);
    case FAULT_DUMP_INTERRUPTED:
        mark_interrupted(data, size);
        return size;
    case FAULT_DUMP_TRUNCATED:
        if (!state.dump_answered)
            header->msg_flags |= MSG_TRUNC;
        return size;
    case FAULT_DUMP_SILENT:
        return 0;
    case FAULT_SOCKET:
    case FAULT_JOIN:
    case FAULT_ASK:
    case FAULT_RECEIVE:
    case FAULT_NOTIFICATION:
    case FAULT_COUNT:
        break;
    }
    return size;
}

ssize_t recvmsg(int fd, struct msghdr *header, int flags)
{
    if (!is_rtnetlink(fd))
        return NEXT(recvmsg)(fd, header, flags);
    if (strikes(FAULT_RECEIVE))
        return fail(FAULT_RECEIVE);
    for (;;) {
        ssize_t n = NEXT(recvmsg)(fd, header, flags);
        const struct nlmsghdr *message;
        size_t left;

        if (n < (ssize_t)sizeof(*message) || header->msg_flags & MSG_TRUNC)
            return n;
        message = header->msg_iov->iov_base;
        if (!is_answer(fd, message)) {
            if (!drops_notification())
                return n;
            continue;
        }
        if (!is_of_dump(message))
            return n;
        left = spoil(header, (size_t)n);
        state.dump_answered = true;
        if (left)
            return (ssize_t)left;
    }
}
