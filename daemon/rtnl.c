/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A part of a dump has at most 32 KiB on Linux. Some kernels (gVisor) put a whole dump into one
 * datagram: the buffer is kept twice as large as the longest that was seen, so that one of more
 * links fits the next time. */
#define FIRST_CAPACITY ((size_t)64 * 1024)
/* What no honest datagram exceeds. */
#define CAPACITY_MAX ((size_t)256 * 1024 * 1024)

struct rtnl_room {
    char *data;
    size_t capacity;
};

struct rtnl {
    struct nl_sock *socket;
    rtnl_handler handler;
    void *user;
    struct rtnl_room *room;
    uint32_t port; /* 0 as long as the socket has none */
    bool dumping;
    bool interrupted;   /* the dump under way */
    uint16_t dump_type; /* of its lines */
    unsigned dump_sequence;
    bool asking;
    unsigned query_sequence;
};

/* libnl keeps its own error numbers and merges errnos in them; the one that the
 * kernel gave is still in errno, unless libnl failed without asking the kernel. */
static int failed(int libnl_error)
{
    if (errno > 0)
        return -errno;
    return libnl_error == -NLE_NOMEM ? -ENOMEM : -EIO;
}

/* SO_RCVBUFFORCE is for the privileged, and the plain one is cut to
 * net.core.rmem_max without an error: the size is read back later. */
static void enlarge_receive_buffer(int fd, size_t bytes)
{
    int size = bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)bytes;

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static void learn_port(struct rtnl *rtnl)
{
    struct sockaddr_nl address = {0};
    socklen_t length = sizeof(address);

    if (rtnl->port == 0 && getsockname(rtnl_fd(rtnl), (struct sockaddr *)&address, &length) == 0)
        rtnl->port = address.nl_pid;
}

/* Where bind() is denied (Android 11), the kernel binds the socket when it sends: until then it
 * gets nothing, also if it has joined. */
static int adopt(struct rtnl *rtnl, int fd)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    int r;

    /* One that was handed in may be bound already. */
    (void)bind(fd, (const struct sockaddr *)&address, sizeof(address));
    errno = 0;
    r = nl_socket_set_fd(rtnl->socket, NETLINK_ROUTE, fd);
    if (r < 0)
        return failed(r);
    learn_port(rtnl);
    return 0;
}

static int open_socket(struct rtnl *rtnl, int handed)
{
    int fd = handed;
    int r;

    if (fd < 0)
        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0)
        return -errno;
    r = adopt(rtnl, fd);
    if (r < 0 && handed < 0)
        close(fd);
    return r;
}

struct rtnl_room *rtnl_room_new(void)
{
    struct rtnl_room *room = calloc(1, sizeof(*room));

    if (!room)
        return NULL;
    room->capacity = FIRST_CAPACITY;
    room->data = malloc(room->capacity);
    return room->data ? room : rtnl_room_free(room);
}

struct rtnl_room *rtnl_room_free(struct rtnl_room *room)
{
    if (room)
        free(room->data);
    free(room);
    return NULL;
}

int rtnl_open(int fd, size_t receive_buffer, struct rtnl_room *room, rtnl_handler handler,
              void *user, struct rtnl **ret)
{
    struct rtnl *rtnl = calloc(1, sizeof(*rtnl));
    int r;

    if (!rtnl)
        return -ENOMEM;
    rtnl->handler = handler;
    rtnl->user = user;
    rtnl->room = room;
    rtnl->socket = nl_socket_alloc();
    if (!rtnl->socket) {
        rtnl_close(rtnl);
        return -ENOMEM;
    }
    /* The end of a dump is enough; some kernels acknowledge it too. */
    nl_socket_disable_auto_ack(rtnl->socket);
    r = open_socket(rtnl, fd);
    if (r < 0) {
        rtnl_close(rtnl);
        return r;
    }
    enlarge_receive_buffer(nl_socket_get_fd(rtnl->socket), receive_buffer);
    *ret = rtnl;
    return 0;
}

struct rtnl *rtnl_close(struct rtnl *rtnl)
{
    if (!rtnl)
        return NULL;
    if (rtnl->socket)
        nl_socket_free(rtnl->socket);
    free(rtnl);
    return NULL;
}

int rtnl_fd(const struct rtnl *rtnl)
{
    return nl_socket_get_fd(rtnl->socket);
}

int rtnl_receive_buffer(const struct rtnl *rtnl)
{
    int size;
    socklen_t length = sizeof(size);

    if (getsockopt(rtnl_fd(rtnl), SOL_SOCKET, SO_RCVBUF, &size, &length) < 0)
        return -errno;
    return size;
}

void rtnl_leave(struct rtnl *rtnl, const int *groups)
{
    for (; *groups; groups++)
        (void)nl_socket_drop_membership(rtnl->socket, *groups);
}

int rtnl_join(struct rtnl *rtnl, const int *groups)
{
    for (const int *group = groups; *group; group++) {
        int r;

        errno = 0;
        r = nl_socket_add_membership(rtnl->socket, *group);
        if (r < 0) {
            r = failed(r);
            rtnl_leave(rtnl, groups);
            return r;
        }
    }
    return 0;
}

/* All links or one. Statistics differ in every dump and nobody asked for them. */
static int put_link_body(struct nl_msg *request, int ifindex)
{
    struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};

    if (nlmsg_append(request, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
        return -ENOMEM;
    return nla_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

/* All addresses. */
static int put_address_body(struct nl_msg *request)
{
    struct ifaddrmsg info = {.ifa_family = AF_UNSPEC};

    return nlmsg_append(request, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ? -ENOMEM : 0;
}

static int put_body(struct nl_msg *request, uint16_t type, int ifindex)
{
    return type == RTM_GETADDR ? put_address_body(request) : put_link_body(request, ifindex);
}

static int send_request(struct rtnl *rtnl, uint16_t type, int flags, int ifindex,
                        unsigned *ret_sequence)
{
    struct nl_msg *request = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);
    int r;

    if (!request)
        return -ENOMEM;
    if (put_body(request, type, ifindex) < 0) {
        nlmsg_free(request);
        return -ENOMEM;
    }
    errno = 0;
    r = nl_send_auto(rtnl->socket, request);
    *ret_sequence = nlmsg_hdr(request)->nlmsg_seq;
    nlmsg_free(request);
    if (r < 0)
        return failed(r);
    learn_port(rtnl);
    return 0;
}

int rtnl_ask_dump(struct rtnl *rtnl, uint16_t type)
{
    int r;

    if (rtnl->dumping)
        return -EBUSY;
    r = send_request(rtnl, type, NLM_F_DUMP, 0, &rtnl->dump_sequence);
    if (r < 0)
        return r;
    rtnl->dumping = true;
    rtnl->interrupted = false;
    rtnl->dump_type = type - 2; /* RTM_NEW* */
    return 0;
}

void rtnl_give_up_dump(struct rtnl *rtnl)
{
    rtnl->dumping = false;
}

int rtnl_ask_link(struct rtnl *rtnl, int ifindex)
{
    int r = send_request(rtnl, RTM_GETLINK, 0, ifindex, &rtnl->query_sequence);

    rtnl->asking = r == 0;
    return r;
}

static void emit(struct rtnl *rtnl, enum rtnl_event event, const struct nlmsghdr *message,
                 int error)
{
    rtnl->handler(rtnl->user, event, message, error);
}

static void end_dump(struct rtnl *rtnl, int error)
{
    rtnl->dumping = false;
    if (error == 0 && rtnl->interrupted)
        error = -EINTR;
    emit(rtnl, error ? RTNL_DUMP_FAILED : RTNL_DUMP_DONE, NULL, error);
}

/* Bridge ports are reported in AF_BRIDGE too, with an RTM_DELLINK when a port that lives
 * on leaves its bridge. */
static bool is_object(const struct nlmsghdr *message)
{
    const struct ifinfomsg *info = NLMSG_DATA(message);

    if (message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_DELADDR)
        return true;
    if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
        return false;
    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
        return true; /* the parser finds that it is malformed */
    return info->ifi_family == AF_UNSPEC;
}

/* The errno that ends a dump: in an NLMSG_ERROR, or behind NLMSG_DONE. */
static int error_in(const struct nlmsghdr *message)
{
    int error = 0;

    if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
        error = *(const int *)NLMSG_DATA(message);
    return error > 0 ? -error : error;
}

static void take_dump_message(struct rtnl *rtnl, const struct nlmsghdr *message)
{
    if (message->nlmsg_flags & NLM_F_DUMP_INTR)
        rtnl->interrupted = true;
    switch (message->nlmsg_type) {
    case NLMSG_DONE:
        end_dump(rtnl, error_in(message));
        break;
    case NLMSG_ERROR:
        /* Without an error it is an acknowledgement. */
        if (error_in(message))
            end_dump(rtnl, error_in(message));
        break;
    default:
        if (message->nlmsg_type == rtnl->dump_type && is_object(message))
            emit(rtnl, RTNL_DUMP_LINE, message, 0);
        break;
    }
}

static void take_answer(struct rtnl *rtnl, const struct nlmsghdr *message)
{
    bool is_link = message->nlmsg_type == RTM_NEWLINK;
    bool is_error = message->nlmsg_type == NLMSG_ERROR && error_in(message);

    if (!is_link && !is_error)
        return;
    rtnl->asking = false;
    emit(rtnl, is_link ? RTNL_ANSWER : RTNL_ERROR, is_link ? message : NULL,
         is_link ? 0 : error_in(message));
}

static void take_message(struct rtnl *rtnl, const struct nlmsghdr *message)
{
    /* What remains of a dump that was given up is no notification either. */
    if (message->nlmsg_pid == rtnl->port) {
        if (rtnl->dumping && message->nlmsg_seq == rtnl->dump_sequence)
            take_dump_message(rtnl, message);
        else if (rtnl->asking && message->nlmsg_seq == rtnl->query_sequence)
            take_answer(rtnl, message);
    } else if (message->nlmsg_type == NLMSG_OVERRUN) {
        emit(rtnl, RTNL_OVERRUN, NULL, 0);
    } else if (is_object(message)) {
        emit(rtnl, RTNL_NOTIFICATION, message, 0);
    }
}

static void take_datagram(struct rtnl *rtnl, size_t length)
{
    struct nlmsghdr *message = (struct nlmsghdr *)(void *)rtnl->room->data;
    int rest = (int)length;

    for (; nlmsg_ok(message, rest); message = nlmsg_next(message, &rest))
        take_message(rtnl, message);
    if (rest > 0)
        emit(rtnl, RTNL_MALFORMED, NULL, -EBADMSG);
}

/* Makes room for datagrams of twice that length, if there is memory for it. Nothing that was
 * received may be in use. */
static void grow_for(struct rtnl_room *room, size_t length)
{
    size_t capacity = length < CAPACITY_MAX / 2 ? 2 * length : CAPACITY_MAX;
    char *data;

    if (capacity <= room->capacity)
        return;
    data = realloc(room->data, capacity);
    if (!data)
        return;
    room->data = data;
    room->capacity = capacity;
}

/* A datagram did not fit: what was in it is lost, like in an overrun. */
static void take_truncated(struct rtnl *rtnl)
{
    emit(rtnl, RTNL_OVERRUN, NULL, -EMSGSIZE);
    /* It may have been the last part of the dump under way. */
    if (rtnl->dumping)
        end_dump(rtnl, -EMSGSIZE);
}

static int receive_one(struct rtnl *rtnl)
{
    struct sockaddr_nl sender = {0};
    struct iovec iov = {.iov_base = rtnl->room->data, .iov_len = rtnl->room->capacity};
    struct msghdr header = {
        .msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    /* With MSG_TRUNC the full length is returned for a datagram that did not fit. */
    n = recvmsg(rtnl_fd(rtnl), &header, MSG_TRUNC | MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
    if (sender.nl_pid != 0) {
        emit(rtnl, RTNL_MALFORMED, NULL, -EPERM);
        return 1;
    }
    if (header.msg_flags & MSG_TRUNC || (size_t)n > rtnl->room->capacity)
        take_truncated(rtnl);
    else
        take_datagram(rtnl, (size_t)n);
    grow_for(rtnl->room, (size_t)n);
    return 1;
}

int rtnl_receive(struct rtnl *rtnl)
{
    int r = receive_one(rtnl);

    if (r != -ENOBUFS)
        return r == -EINTR ? 1 : r;
    /* Reported once; what was queued before can still be read. */
    emit(rtnl, RTNL_OVERRUN, NULL, 0);
    return 1;
}
