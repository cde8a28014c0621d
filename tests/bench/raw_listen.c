/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listen CHANGES: a raw netlink listener that drops what it hears, the limit of what a
 * daemon can do. It ends with so many changes, or when nothing came for a while. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "tests/bench/common.h"

#define SILENCE_MSEC 3000

static long count_changes(const char *data, size_t size)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)data;
    long count = 0;

    for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
        const struct ifinfomsg *info = NLMSG_DATA(message);

        count += message->nlmsg_type == RTM_NEWLINK && info->ifi_family == AF_UNSPEC;
    }
    return count;
}

int main(int argc, char **argv)
{
    static char data[65536];
    struct pollfd ready = {.events = POLLIN};
    long changes = 0, wanted, overruns = 0;
    int64_t last = 0;

    if (argc != 2)
        fail("usage: listen CHANGES");
    wanted = number(argv[1], 1);
    ready.fd = rtnetlink_open(true);
    wait_for_go();
    while (changes < wanted) {
        ssize_t n = recv(ready.fd, data, sizeof(data), MSG_DONTWAIT);

        if (n >= 0) {
            changes += count_changes(data, (size_t)n);
        } else if (errno == ENOBUFS) {
            overruns++;
        } else if (errno == EAGAIN) {
            if (changes)
                last = clock_nsec(CLOCK_MONOTONIC);
            if (poll(&ready, 1, SILENCE_MSEC) == 0)
                break;
        } else {
            fail_errno("listening");
        }
    }
    if (changes == wanted)
        last = clock_nsec(CLOCK_MONOTONIC);
    printf("{\"changes\":%ld,\"overruns\":%ld,\"last\":%.9f,\"cpu\":%.9f}\n", changes, overruns,
           (double)last / 1e9, (double)clock_nsec(CLOCK_PROCESS_CPUTIME_ID) / 1e9);
    return EXIT_SUCCESS;
}
