/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/answerer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reach/handover.h"
#include "reach/preload/protocol.h"

_Static_assert(REPORTS_WAIT_MAX < RULING_SECONDS * 1000, "the library is more patient than we are");

/* A request, who sent it, and the duplicate that came with it or -1. */
struct question {
    struct request request;
    pid_t process;
    int duplicate;
};

/* gVisor names us instead of the other side; what the other side claims must do
 * then. */
static pid_t process_of(const struct request *request, const struct ucred *peer)
{
    return peer->pid <= 0 || peer->pid == getpid() ? request->process : peer->pid;
}

/* Our own user, root, and a process that we know and that has changed its user since. */
static bool may_ask(const struct answerer *answerer, const struct ucred *peer)
{
    return peer->uid == geteuid() || peer->uid == 0 || members_has(&answerer->members, peer->pid);
}

static bool receive(const struct answerer *answerer, int connection, struct question *ret)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = &ret->request, .iov_len = sizeof(ret->request)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct ucred peer;
    socklen_t size = sizeof(peer);
    ssize_t n = recvmsg(connection, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (n < 0)
        return false;
    ret->duplicate = handover_take(&message);
    if (n == sizeof(ret->request) &&
        getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
        may_ask(answerer, &peer)) {
        ret->process = process_of(&ret->request, &peer);
        return true;
    }
    if (ret->duplicate >= 0)
        close(ret->duplicate);
    return false;
}

/* A new program in a process that is known has lost what was closed on the way; the child
 * of one that is known has what it had. */
static int register_process(struct answerer *answerer, pid_t process)
{
    int r = members_add(&answerer->members, process);

    if (r > 0)
        subscriptions_review(&answerer->serving.subscriptions);
    else if (r == 0)
        subscriptions_share(&answerer->serving.subscriptions, process);
    return r < 0 ? r : 0;
}

/* Whether it is the rtnetlink socket with that inode, in our network namespace. A program may have
 * one of another namespace, while it is in ours as the connection is. */
static bool is_socket(int duplicate, uint64_t inode, int connection)
{
    return inode != 0 && handover_inode(duplicate) == inode &&
           handover_cookie(duplicate) == handover_cookie(connection);
}

/* Takes the duplicate over from the question. */
static int serve(struct answerer *answerer, struct question *question, int connection,
                 const struct ruling *ruling)
{
    const struct served_socket socket = {
        .inode = question->request.inode,
        .duplicate = question->duplicate,
        .process = question->process,
        .fd = question->request.fd,
        .subscribers = reports_subscribers(answerer->reports),
    };
    int r = -EINVAL;

    if (socket.duplicate < 0 || is_socket(socket.duplicate, socket.inode, connection))
        r = members_add(&answerer->members, question->process);
    if (r < 0) {
        warning_once(&answerer->serving.warnings, WARNING_DENIED, r);
        return r;
    }
    question->duplicate = -1;
    return serving_apply(&answerer->serving, &socket, ruling);
}

static bool send_reply(int connection, const struct reply *reply)
{
    return send(connection, reply, sizeof(*reply), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*reply);
}

static void reply_with(int connection, int result)
{
    const struct reply reply = {.result = result};

    send_reply(connection, &reply);
}

/* A call that is to be repeated comes to nothing yet, unless that was done. */
static void answer_rule(struct answerer *answerer, struct question *question, int connection)
{
    const struct request *request = &question->request;
    const struct attempt attempt = {.kind = (enum attempt_kind)request->attempt,
                                    .value = request->value,
                                    .error = request->error};
    struct ruling ruling = serving_rule(&answerer->serving, request->inode, &attempt);
    struct reply reply = {.result = ruling.error};

    if (ruling.repeats && !(request->flags & REQUEST_REPEATED)) {
        reply.flags = REPLY_REPEATS;
        reply.groups = ruling.groups;
    } else if (ruling.changes) {
        reply.result = serve(answerer, question, connection, &ruling);
    }
    send_reply(connection, &reply);
}

/* If it can't be sent, the doorbell is found to be lost. */
static void send_exchange(struct subscription *subscription, const struct request *request,
                          int connection)
{
    bool peeks = request->flags & REQUEST_PEEK;
    struct exchange exchange;
    struct reply reply;
    int r = subscription_exchange(subscription, peeks, request->flags & REQUEST_OTHERS, &exchange);

    if (r < 0) {
        reply_with(connection, r);
        return;
    }
    reply = (struct reply){.flags = exchange.adds_group ? REPLY_ADDS_GROUP : 0,
                           .size = (uint32_t)exchange.size,
                           .group = exchange.group};
    if (send_reply(connection, &reply) &&
        send(connection, exchange.data, exchange.size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
            (ssize_t)exchange.size &&
        !peeks)
        subscription_received(subscription);
}

static void answer_next(struct answerer *answerer, const struct request *request, int connection)
{
    struct subscription *subscription =
        subscriptions_find(&answerer->serving.subscriptions, request->inode);

    if (subscription)
        send_exchange(subscription, request, connection);
    else
        reply_with(connection, -ENOENT);
}

static void respond(struct answerer *answerer, struct question *question, int connection)
{
    const struct request *request = &question->request;

    switch ((enum request_kind)request->kind) {
    case REQUEST_REGISTER:
        reply_with(connection, register_process(answerer, question->process));
        return;
    case REQUEST_RULE:
        answer_rule(answerer, question, connection);
        return;
    case REQUEST_NEXT:
        answer_next(answerer, request, connection);
        return;
    }
    reply_with(connection, -EINVAL);
}

void answer(struct answerer *answerer, int connection)
{
    struct question question;

    if (!receive(answerer, connection, &question))
        return;
    respond(answerer, &question, connection);
    if (question.duplicate >= 0)
        close(question.duplicate);
}
