/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fanout CONSUMERS BURST ROUNDS WAY...: bursts of messages to many sockets at once.
 *
 *   daemon SOCKET FIRST LINKS   the daemon's Monitor, while links from the index FIRST
 *                               on get another MTU
 *   limit BYTES                 a process that does nothing but write messages of that
 *                               length
 *
 * A round is over when each consumer has read all messages of its burst. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"

#define AT_ONCE       64
#define PATIENCE_MSEC 30000

struct fanout {
    long consumers;
    long burst;
    long rounds;
    int *sockets;
    int epoll;
    int64_t bytes; /* read in all */
    /* Starts a round of the writer; -1 for the daemon. */
    int trigger;
    /* What the kernel is asked for, for the daemon. */
    int rtnetlink;
    struct mtu_request *requests; /* of a round */
};

static long count_messages(const char *data, size_t size)
{
    const char *end = data + size;
    long count = 0;

    while (data < end && (data = memchr(data, 0, (size_t)(end - data)))) {
        data++;
        count++;
    }
    return count;
}

/* Reads from all sockets until so many messages have come. */
static void read_messages(struct fanout *fanout, long wanted)
{
    static char data[256 * 1024];
    struct epoll_event events[AT_ONCE];

    while (wanted > 0) {
        int count = epoll_wait(fanout->epoll, events, AT_ONCE, PATIENCE_MSEC);

        if (count <= 0)
            fail("%ld messages did not come", wanted);
        for (int i = 0; i < count; i++) {
            ssize_t n = recv(events[i].data.fd, data, sizeof(data), MSG_DONTWAIT);

            if (n <= 0)
                fail_errno("reading");
            fanout->bytes += n;
            wanted -= count_messages(data, (size_t)n);
        }
    }
    if (wanted < 0)
        fail("%ld messages too many", -wanted);
}

static void write_burst(const struct fanout *fanout, const int *sockets, const char *burst,
                        size_t size)
{
    for (long i = 0; i < fanout->consumers; i++)
        write_all(sockets[i], burst, size);
}

/* The limit: writes a burst to each socket for each byte that comes in. */
__attribute__((noreturn)) static void be_writer(const struct fanout *fanout, const int *sockets,
                                                int trigger, size_t bytes)
{
    size_t size = (size_t)fanout->burst * bytes;
    char *burst = malloc(size);
    int64_t cpu;
    char byte;

    if (!burst)
        fail_errno("memory");
    memset(burst, 'x', size);
    for (long i = 1; i <= fanout->burst; i++)
        burst[(size_t)i * bytes - 1] = 0;
    cpu = -clock_nsec(CLOCK_PROCESS_CPUTIME_ID);
    while (read(trigger, &byte, 1) == 1)
        write_burst(fanout, sockets, burst, size);
    cpu += clock_nsec(CLOCK_PROCESS_CPUTIME_ID);
    write_all(trigger, (const char *)&cpu, sizeof(cpu));
    _exit(EXIT_SUCCESS);
}

static void watch_socket(const struct fanout *fanout, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(fanout->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fail_errno("epoll");
}

static void start_writer(struct fanout *fanout, size_t bytes)
{
    int *others = calloc((size_t)fanout->consumers, sizeof(*others));
    int trigger[2];
    pid_t pid;

    if (!others || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, trigger) < 0)
        fail_errno("writer");
    for (long i = 0; i < fanout->consumers; i++) {
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
            fail_errno("socketpair");
        fanout->sockets[i] = ends[0];
        others[i] = ends[1];
    }
    pid = fork();
    if (pid < 0)
        fail_errno("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(trigger[0]);
        be_writer(fanout, others, trigger[1], bytes);
    }
    close(trigger[1]);
    for (long i = 0; i < fanout->consumers; i++) {
        close(others[i]);
        watch_socket(fanout, fanout->sockets[i]);
    }
    free(others);
    fanout->trigger = trigger[0];
}

/* Reads the whole snapshot away. */
static void read_snapshot(int fd)
{
    static const char wanted[] = "{\"parameters\":{\"type\":\"ready\"";
    static char data[1024 * 1024];
    size_t used = 0;

    do {
        ssize_t n = recv(fd, data + used, sizeof(data) - used, 0);

        if (n <= 0)
            fail_errno("reading the snapshot");
        used += (size_t)n;
    } while (data[used - 1] || !memmem(data, used, wanted, strlen(wanted)));
}

static void connect_consumers(struct fanout *fanout, const char *path, int first, long links)
{
    for (long i = 0; i < fanout->consumers; i++) {
        fanout->sockets[i] = unix_connect(path);
        ask_monitor(fanout->sockets[i]);
        read_snapshot(fanout->sockets[i]);
        watch_socket(fanout, fanout->sockets[i]);
    }
    fanout->rtnetlink = rtnetlink_open(false);
    fanout->requests = calloc((size_t)fanout->burst, sizeof(*fanout->requests));
    if (!fanout->requests)
        fail_errno("memory");
    for (long i = 0; i < fanout->burst; i++)
        mtu_request_make(&fanout->requests[i], first + (int)(i % links),
                         i / links % 2 ? 1500 : 1400);
}

static void start_round(const struct fanout *fanout)
{
    if (fanout->trigger >= 0)
        write_all(fanout->trigger, "", 1);
    else
        rtnetlink_send(fanout->rtnetlink, fanout->requests, (size_t)fanout->burst);
}

static int64_t writer_cpu(const struct fanout *fanout)
{
    int64_t cpu = 0;

    if (fanout->trigger < 0)
        return 0;
    shutdown(fanout->trigger, SHUT_WR);
    if (recv(fanout->trigger, &cpu, sizeof(cpu), MSG_WAITALL) != sizeof(cpu))
        fail_errno("the writer's CPU time");
    return cpu;
}

static void open_way(struct fanout *fanout, char **way)
{
    if (way[0] && strcmp(way[0], "limit") == 0 && way[1]) {
        start_writer(fanout, (size_t)number(way[1], 2));
    } else if (way[0] && strcmp(way[0], "daemon") == 0 && way[1] && way[2] && way[3]) {
        long links = number(way[3], 1);

        /* So that each round ends with what it began with. */
        if (fanout->burst % (2 * links))
            fail("a burst must be a multiple of twice the links");
        connect_consumers(fanout, way[1], (int)number(way[2], 1), links);
    } else {
        fail("usage: fanout CONSUMERS BURST ROUNDS daemon SOCKET FIRST LINKS | limit BYTES");
    }
}

int main(int argc, char **argv)
{
    struct fanout fanout = {.trigger = -1};
    double messages;
    int64_t elapsed;

    if (argc < 6)
        fail("usage: fanout CONSUMERS BURST ROUNDS WAY...");
    fanout.consumers = number(argv[1], 1);
    fanout.burst = number(argv[2], 1);
    fanout.rounds = number(argv[3], 1);
    fanout.sockets = calloc((size_t)fanout.consumers, sizeof(*fanout.sockets));
    fanout.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!fanout.sockets || fanout.epoll < 0)
        fail_errno("sockets");
    raise_descriptor_limit();
    open_way(&fanout, argv + 4);
    wait_for_go();
    elapsed = -clock_nsec(CLOCK_MONOTONIC);
    for (long round = 0; round < fanout.rounds; round++) {
        start_round(&fanout);
        read_messages(&fanout, fanout.consumers * fanout.burst);
    }
    elapsed += clock_nsec(CLOCK_MONOTONIC);
    messages = (double)(fanout.consumers * fanout.burst * fanout.rounds);
    printf("{\"rate\":%.1f,\"bytes\":%.1f,\"writer_cpu\":%.9f}\n", messages * 1e9 / (double)elapsed,
           (double)fanout.bytes / messages, (double)writer_cpu(&fanout) / 1e9);
    free(fanout.sockets);
    free(fanout.requests);
    return EXIT_SUCCESS;
}
