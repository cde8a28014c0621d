/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* forward SOCKET BYTES: the least that any daemon can do with a notification: waits for it in
 * epoll_wait(), receives it, and writes so many bytes with the link's MTU in them to the consumer
 * that is connected. It reads no attribute but that one, and keeps nothing. */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/bench/common.h"

static int open_epoll(const int fds[2])
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    for (int i = 0; i < 2; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};

        if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) < 0)
            fail_errno("epoll");
    }
    return epoll;
}

/* Takes one consumer's request, whatever it is, and says that all will come that changes. */
static int accept_consumer(const char *path)
{
    static const char ready[] = "\"ready\"";
    char request[1024];
    int fd, listening = unix_listen(path);

    puts("ready");
    fflush(stdout);
    fd = accept(listening, NULL, NULL);
    if (fd < 0 || recv(fd, request, sizeof(request), 0) <= 0)
        fail_errno("the consumer");
    write_all(fd, ready, sizeof(ready));
    return fd;
}

int main(int argc, char **argv)
{
    static char data[65536];
    struct epoll_event event;
    int rtnetlink, consumer, epoll;
    size_t bytes;
    char *text;

    if (argc != 3)
        fail("usage: forward SOCKET BYTES");
    bytes = (size_t)number(argv[2], 32);
    text = calloc(1, bytes);
    if (!text)
        fail_errno("memory");
    memset(text, ' ', bytes - 1);
    rtnetlink = rtnetlink_open(true);
    consumer = accept_consumer(argv[1]);
    epoll = open_epoll((const int[]){rtnetlink, consumer});
    /* Until the consumer has gone. */
    while (epoll_wait(epoll, &event, 1, -1) == 1 && event.data.fd == rtnetlink) {
        int length;

        if (recv(rtnetlink, data, sizeof(data), 0) < NLMSG_LENGTH((int)sizeof(struct ifinfomsg)))
            fail_errno("receiving");
        length = snprintf(text, bytes, "\"mtu\":%u", mtu_of((const struct nlmsghdr *)(void *)data));
        text[length] = ' ';
        if (send(consumer, text, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
            break;
    }
    return EXIT_SUCCESS;
}
