/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the benchmark programs share. They are for measuring only: a mistake ends the
 * program with a message. Each prints one JSON object on a line of its own. */
#ifndef LINKWATCH_TESTS_BENCH_COMMON_H
#define LINKWATCH_TESTS_BENCH_COMMON_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Ends the program. The second one adds what errno says. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
__attribute__((noreturn)) void fail_errno(const char *what);

/* A number of the command line, at least min. */
long number(const char *text, long min);

/* Nanoseconds of a clock. */
int64_t clock_nsec(clockid_t clock);

/* Sorts the samples and prints them as members of a JSON object: NAME_p50, NAME_p99,
 * in microseconds. */
void print_percentiles(const char *name, int64_t *nsec, size_t count);

/* A blocking rtnetlink socket that is a member of RTNLGRP_LINK or not, with the daemon's
 * receive buffer. */
int rtnetlink_open(bool member);

/* Asks for a dump as the daemon does: of links, or of addresses. */
void rtnetlink_ask_dump(int fd);
void rtnetlink_ask_addresses(int fd);

/* Receives to the end of the dump and drops it; the number of its links or addresses. */
size_t rtnetlink_drop_dump(int fd, char *data, size_t size);

/* Goes to a new network namespace, with one more link beside the loopback; a socket in there. */
int namespace_make(void);

/* What a link's message says of its MTU; 0 if it says nothing. */
uint32_t mtu_of(const struct nlmsghdr *message);

/* A request that gives a link another MTU, without an acknowledgement. */
struct mtu_request {
    struct nlmsghdr header;
    char body[32];
};
void mtu_request_make(struct mtu_request *request, int ifindex, uint32_t mtu);

/* Has the kernel carry out requests, one after another, before it returns. */
void rtnetlink_send(int fd, const struct mtu_request *requests, size_t count);

/* A blocking stream socket connected to that path. */
int unix_connect(const char *path);

/* A listening stream socket at that path. */
int unix_listen(const char *path);

/* Writes all of it. */
void write_all(int fd, const char *data, size_t size);

/* Asks for a stream of all links' events. */
void ask_monitor(int fd);

/* Without limit on descriptors but the hard one. */
void raise_descriptor_limit(void);

/* Prints that the program is ready, and waits for a line. */
void wait_for_go(void);

#endif
