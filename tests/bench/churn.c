/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* churn FIRST LINKS CHANGES: gives links another MTU and the old one back, in turn and
 * as fast as the kernel takes it; each change makes one notification. Links have the
 * indexes from FIRST on, and end as they were: CHANGES is a multiple of 2 * LINKS. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/common.h"

/* Requests in one send: what the kernel carries out without a way back to us. */
#define AT_ONCE 32

int main(int argc, char **argv)
{
    struct mtu_request requests[AT_ONCE];
    int64_t start;
    long first, links, changes;
    int fd;

    if (argc != 4)
        fail("usage: churn FIRST LINKS CHANGES");
    first = number(argv[1], 1);
    links = number(argv[2], 1);
    changes = number(argv[3], 1);
    if (changes % (2 * links))
        fail("%ld changes leave links changed", changes);
    fd = rtnetlink_open(false);
    start = clock_nsec(CLOCK_MONOTONIC);
    for (long done = 0; done < changes;) {
        size_t count = 0;

        for (; count < AT_ONCE && done < changes; count++, done++)
            mtu_request_make(&requests[count], (int)(first + done % links),
                             done / links % 2 ? 1500 : 1400);
        rtnetlink_send(fd, requests, count);
    }
    printf("{\"start\":%.9f,\"end\":%.9f}\n", (double)start / 1e9,
           (double)clock_nsec(CLOCK_MONOTONIC) / 1e9);
    return EXIT_SUCCESS;
}
