/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dump_namespaces COUNT ACTIVE ROUND_MSEC ACTIVE_MSEC SETTLE_MSEC MSEC: the least that anybody can
 * do who polls so many network namespaces of two links each: has all of them dumped in each round,
 * one after another at even intervals, and the active ones every ACTIVE_MSEC, together; receives
 * the dumps and drops them. Prints the CPU time of MSEC. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/common.h"

#define NSEC_PER_MSEC INT64_C(1000000)

/* Sockets that are dumped in turn, so many at a time. */
struct turn {
    const int *sockets;
    size_t count;
    size_t at_once;
    size_t next;
    int64_t interval;
    int64_t due;
    long dumps;
};

static void dump_next(struct turn *turn)
{
    static char data[65536];

    for (size_t i = 0; i < turn->at_once; i++) {
        int fd = turn->sockets[turn->next];

        rtnetlink_ask_dump(fd);
        rtnetlink_drop_dump(fd, data, sizeof(data));
        turn->next = (turn->next + 1) % turn->count;
        turn->dumps++;
    }
    turn->due += turn->interval;
}

static void sleep_until(int64_t nsec)
{
    const struct timespec then = {.tv_sec = nsec / 1000000000, .tv_nsec = nsec % 1000000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL) == EINTR)
        ;
}

static void dump_for(struct turn *all, struct turn *active, int64_t msec)
{
    int64_t end = clock_nsec(CLOCK_MONOTONIC) + msec * NSEC_PER_MSEC;

    for (;;) {
        struct turn *turn = active->count > 0 && active->due < all->due ? active : all;

        if (turn->due >= end)
            return;
        sleep_until(turn->due);
        dump_next(turn);
    }
}

int main(int argc, char **argv)
{
    struct turn all = {.at_once = 1}, active = {0};
    int64_t cpu, msec;
    int *sockets;

    if (argc != 7)
        fail("usage: dump_namespaces COUNT ACTIVE ROUND_MSEC ACTIVE_MSEC SETTLE_MSEC MSEC");
    all.count = (size_t)number(argv[1], 1);
    active.count = active.at_once = (size_t)number(argv[2], 0);
    all.interval = number(argv[3], 1) * NSEC_PER_MSEC / (int64_t)all.count;
    active.interval = number(argv[4], 1) * NSEC_PER_MSEC;
    msec = number(argv[6], 1);
    if (active.count > all.count)
        fail("more active ones than there are");
    raise_descriptor_limit();
    sockets = calloc(all.count, sizeof(*sockets));
    if (!sockets)
        fail_errno("memory");
    for (size_t i = 0; i < all.count; i++)
        sockets[i] = namespace_make();
    all.sockets = active.sockets = sockets;
    wait_for_go();
    all.due = active.due = clock_nsec(CLOCK_MONOTONIC);
    dump_for(&all, &active, number(argv[5], 0));
    all.dumps = active.dumps = 0;
    cpu = -clock_nsec(CLOCK_PROCESS_CPUTIME_ID);
    dump_for(&all, &active, msec);
    cpu += clock_nsec(CLOCK_PROCESS_CPUTIME_ID);
    printf("{\"share\":%.6f,\"dumps\":%ld,\"active_dumps\":%ld}\n",
           100. * (double)cpu / (double)(msec * NSEC_PER_MSEC), all.dumps, active.dumps);
    free(sockets);
    return EXIT_SUCCESS;
}
