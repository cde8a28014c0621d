/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dump COUNT EVERY_MSEC [addresses]: the least that a poller can do: asks for a dump as the daemon
 * does, of links or of addresses, receives it, drops it, and waits. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/common.h"

int main(int argc, char **argv)
{
    static char data[65536];
    void (*ask)(int fd);
    int64_t *samples;
    int64_t cpu;
    size_t lines = 0;
    long count;
    int every, fd;

    if (argc != 3 && (argc != 4 || strcmp(argv[3], "addresses") != 0))
        fail("usage: dump COUNT EVERY_MSEC [addresses]");
    ask = argc == 4 ? rtnetlink_ask_addresses : rtnetlink_ask_dump;
    count = number(argv[1], 1);
    every = (int)number(argv[2], 0);
    samples = calloc((size_t)count, sizeof(*samples));
    if (!samples)
        fail_errno("memory");
    fd = rtnetlink_open(false);
    cpu = -clock_nsec(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < count; i++) {
        samples[i] = -clock_nsec(CLOCK_MONOTONIC);
        ask(fd);
        lines = rtnetlink_drop_dump(fd, data, sizeof(data));
        samples[i] += clock_nsec(CLOCK_MONOTONIC);
        if (every)
            poll(NULL, 0, every);
    }
    cpu += clock_nsec(CLOCK_PROCESS_CPUTIME_ID);
    printf("{\"lines\":%zu,\"cpu\":%.9f,", lines, (double)cpu / 1e9 / (double)count);
    print_percentiles("wall", samples, (size_t)count);
    printf("}\n");
    free(samples);
    return EXIT_SUCCESS;
}
