/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* refill COUNT EVERY_MSEC: a poller made of libnl's link cache. */
#include <netlink/cache.h>
#include <netlink/route/link.h>
#include <netlink/socket.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/common.h"

int main(int argc, char **argv)
{
    struct nl_sock *socket = nl_socket_alloc();
    struct nl_cache *cache;
    int64_t cpu;
    long count;
    int every;

    if (argc != 3)
        fail("usage: refill COUNT EVERY_MSEC");
    count = number(argv[1], 1);
    every = (int)number(argv[2], 0);
    if (!socket || nl_connect(socket, NETLINK_ROUTE) < 0 ||
        rtnl_link_alloc_cache(socket, AF_UNSPEC, &cache) < 0)
        fail("libnl's link cache");
    cpu = -clock_nsec(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < count; i++) {
        if (nl_cache_refill(socket, cache) < 0)
            fail("libnl's refill");
        if (every)
            poll(NULL, 0, every);
    }
    cpu += clock_nsec(CLOCK_PROCESS_CPUTIME_ID);
    printf("{\"links\":%d,\"cpu\":%.9f}\n", nl_cache_nitems(cache),
           (double)cpu / 1e9 / (double)count);
    nl_cache_free(cache);
    nl_socket_free(socket);
    return EXIT_SUCCESS;
}
