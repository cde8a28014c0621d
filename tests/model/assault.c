/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/model/assault.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/model/check.h"

static void hang_up(struct attacker *attacker)
{
    if (attacker->fd >= 0)
        close(attacker->fd);
    attacker->fd = -1;
}

static void reconnect(struct assault *assault, struct attacker *attacker)
{
    if (assault->full)
        return;
    *attacker = (struct attacker){.fd = serve_connect_as(assault->serve, assault->uid),
                                  .calls = assault->attack->call};
    if (attacker->fd < 0) {
        attacker->fd = -1;
        assault->full = true;
    }
}

static void read_answers(struct assault *assault, struct attacker *attacker)
{
    char bytes[65536];
    bool all = assault->attack->reading == READS_ALL;
    ssize_t n;

    if (assault->attack->reading == READS_NOTHING)
        return;
    do {
        n = recv(attacker->fd, bytes, all ? sizeof(bytes) : 1, MSG_DONTWAIT);
        /* The last reply to a call. */
        if (all && n >= 3 && memcmp(bytes + n - 3, "}}", 3) == 0)
            attacker->calls = true;
    } while (all && n > 0);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        hang_up(attacker);
}

/* Room for the kernel's end of a namespace's socket, which stays open as long as the daemon has the
 * other one: NULL if there is none. */
static int *free_end(struct assault *assault)
{
    for (size_t i = 0; i < ASSAULT_SOCKETS; i++) {
        struct pollfd end = {.fd = assault->sockets[i]};

        if (end.fd < 0)
            return &assault->sockets[i];
        if (poll(&end, 1, 0) > 0 && end.revents & POLLHUP) {
            close(end.fd);
            return &assault->sockets[i];
        }
    }
    return NULL;
}

/* A namespace's socket with the first byte of a text. */
static ssize_t send_with_socket(struct assault *assault, int fd, struct text text)
{
    int *end = free_end(assault);
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec piece = {.iov_base = (char *)text.bytes, .iov_len = text.size};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fds[2];
    ssize_t n;

    if (!end) {
        errno = EAGAIN;
        return -1;
    }
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
    *end = fds[1];
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fds[0], sizeof(int));
    n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fds[0]);
    return n;
}

static ssize_t send_text(struct assault *assault, int fd, struct text text, size_t sent)
{
    if (assault->attack->passes && sent == 0)
        return send_with_socket(assault, fd, text);
    return send(fd, text.bytes + sent, text.size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_calls(struct assault *assault, struct attacker *attacker)
{
    struct text text = assault->text;

    while (attacker->calls) {
        ssize_t n = send_text(assault, attacker->fd, text, attacker->sent);

        if (n < 0 && errno != EAGAIN)
            hang_up(attacker);
        if (n < 0)
            return;
        attacker->sent += (size_t)n;
        if (attacker->sent < text.size)
            continue;
        attacker->sent = 0;
        attacker->calls = assault->attack->floods;
    }
}

/* Each namespace refuses to be dumped: so an Enter is over, too. */
static void refuse_dumps(const struct assault *assault)
{
    for (size_t i = 0; i < ASSAULT_SOCKETS; i++) {
        struct {
            struct nlmsghdr header;
            struct nlmsgerr error;
        } message;

        if (assault->sockets[i] < 0 ||
            recv(assault->sockets[i], &message, sizeof(message), MSG_DONTWAIT) <= 0)
            continue;
        message.error = (struct nlmsgerr){.error = -EPERM, .msg = message.header};
        message.header.nlmsg_type = NLMSG_ERROR;
        message.header.nlmsg_flags = 0;
        message.header.nlmsg_len = sizeof(message);
        (void)send(assault->sockets[i], &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void step(struct assault *assault, struct attacker *attacker)
{
    unsigned lives = assault->attack->lives;

    if (attacker->fd >= 0 && lives && ++attacker->age > lives)
        hang_up(attacker);
    if (attacker->fd < 0)
        reconnect(assault, attacker);
    if (attacker->fd >= 0)
        read_answers(assault, attacker);
    if (attacker->fd >= 0)
        send_calls(assault, attacker);
}

void assault_begin(struct assault *assault, const struct attack *attack, const struct serve *serve,
                   uid_t uid)
{
    *assault = (struct assault){.attack = attack, .serve = serve, .uid = uid};
    if (attack->call)
        assault->text = attack->call();
    CHECK(attack->connections <= ATTACK_CONNECTIONS);
    for (size_t i = 0; i < ATTACK_CONNECTIONS; i++)
        assault->attackers[i].fd = -1;
    for (size_t i = 0; i < ASSAULT_SOCKETS; i++)
        assault->sockets[i] = -1;
}

/* Of the daemon, who looked at sockets: until they are gone they have all that it has. */
static void wait_for_children(void)
{
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

void assault_step(struct assault *assault)
{
    if (assault->attack->passes)
        wait_for_children();
    assault->full = false;
    for (size_t i = 0; i < assault->attack->connections; i++)
        step(assault, &assault->attackers[i]);
    if (assault->attack->passes)
        refuse_dumps(assault);
}

void assault_end(struct assault *assault)
{
    for (size_t i = 0; i < ATTACK_CONNECTIONS; i++)
        hang_up(&assault->attackers[i]);
    for (size_t i = 0; i < ASSAULT_SOCKETS; i++)
        if (assault->sockets[i] >= 0)
            close(assault->sockets[i]);
}
