/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* delay IFINDEX SAMPLES GAP_MSEC WAY...: from the kernel's being asked for a change to
 * its being read, by one WAY:
 *
 *   raw               a netlink listener of our own: the limit
 *   varlink SOCKET    the daemon's Monitor
 *   pipe COMMAND...   what a command prints, like ip monitor link
 *   poll MSEC         a process that dumps at a fixed interval, as others do
 *
 * Between two samples pass up to GAP_MSEC, by chance; 0: none. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"

#define PATIENCE_MSEC 30000
#define SETTLE_MSEC   200

struct way {
    int fd;
    /* What is read of a change to that MTU; NULL for a binary way. */
    const char *text_format;
    bool is_command;
};

static bool has_mtu(const char *data, size_t size, int ifindex, uint32_t mtu)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)data;

    for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
        const struct ifinfomsg *info = NLMSG_DATA(message);

        if (message->nlmsg_type == RTM_NEWLINK && info->ifi_family == AF_UNSPEC &&
            info->ifi_index == ifindex && mtu_of(message) == mtu)
            return true;
    }
    return false;
}

static size_t read_some(int fd, char *data, size_t size)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    ssize_t n;

    if (poll(&readable, 1, PATIENCE_MSEC) == 0)
        fail("a change was not reported");
    n = read(fd, data, size);
    if (n <= 0)
        fail_errno("reading of a change");
    return (size_t)n;
}

static void wait_for_mtu(const struct way *way, int ifindex, uint32_t mtu)
{
    static char data[65536];
    char wanted[64];
    size_t used = 0;

    if (!way->text_format) {
        while (!has_mtu(data, read_some(way->fd, data, sizeof(data)), ifindex, mtu))
            ;
        return;
    }
    snprintf(wanted, sizeof(wanted), mtu == 1400 ? "%s1400" : "%s1500", way->text_format);
    do {
        used += read_some(way->fd, data + used, sizeof(data) - used);
        if (used == sizeof(data))
            fail("much is reported, and not the change");
    } while (!memmem(data, used, wanted, strlen(wanted)));
}

/* Runs something in a process whose output we read. */
static int fork_with_pipe(pid_t *ret_pid)
{
    int ends[2];
    pid_t parent = getpid();

    if (pipe(ends) < 0)
        fail_errno("pipe");
    *ret_pid = fork();
    if (*ret_pid < 0)
        fail_errno("fork");
    if (*ret_pid > 0) {
        close(ends[1]);
        return ends[0];
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    dup2(ends[1], STDOUT_FILENO);
    return -1;
}

static int run_command(char **command)
{
    pid_t pid;
    int fd = fork_with_pipe(&pid);

    if (fd >= 0)
        return fd;
    execvp(command[0], command);
    fail_errno(command[0]);
}

/* Dumps at a fixed interval, and says each MTU of the link that it finds. */
__attribute__((noreturn)) static void poll_links(int ifindex, int msec)
{
    static char data[65536];
    int fd = rtnetlink_open(false);
    uint32_t last = 0;

    for (;;) {
        ssize_t n;

        rtnetlink_ask_dump(fd);
        do {
            n = recv(fd, data, sizeof(data), 0);
            for (uint32_t mtu = 1400; n > 0 && mtu <= 1500; mtu += 100)
                if (mtu != last && has_mtu(data, (size_t)n, ifindex, mtu)) {
                    last = mtu;
                    dprintf(STDOUT_FILENO, "mtu %u\n", mtu);
                }
        } while (n > 0 && ((const struct nlmsghdr *)(const void *)data)->nlmsg_type != NLMSG_DONE);
        poll(NULL, 0, msec);
    }
}

static int run_poller(int ifindex, int msec)
{
    pid_t pid;
    int fd = fork_with_pipe(&pid);

    if (fd < 0)
        poll_links(ifindex, msec);
    return fd;
}

static int open_monitor(const char *path)
{
    static const char ready[] = "\"ready\"";
    static char data[65536];
    int fd = unix_connect(path);
    size_t used = 0;

    ask_monitor(fd);
    for (;;) {
        used += read_some(fd, data + used, sizeof(data) - used);
        if (memmem(data, used, ready, strlen(ready)))
            return fd;
        /* What may be its beginning stays. */
        if (used > sizeof(data) / 2) {
            memmove(data, data + used - strlen(ready), strlen(ready));
            used = strlen(ready);
        }
    }
}

static struct way open_way(int ifindex, char **arguments)
{
    if (strcmp(arguments[0], "raw") == 0)
        return (struct way){.fd = rtnetlink_open(true)};
    if (!arguments[1])
        fail("a way needs an argument: %s", arguments[0]);
    if (strcmp(arguments[0], "varlink") == 0)
        return (struct way){.fd = open_monitor(arguments[1]), .text_format = "\"mtu\":"};
    if (strcmp(arguments[0], "pipe") == 0)
        return (struct way){
            .fd = run_command(arguments + 1), .text_format = "mtu ", .is_command = true};
    if (strcmp(arguments[0], "poll") == 0)
        return (struct way){.fd = run_poller(ifindex, (int)number(arguments[1], 1)),
                            .text_format = "mtu "};
    fail("no such way: %s", arguments[0]);
}

static void change_mtu(int fd, int ifindex, uint32_t mtu)
{
    struct mtu_request request;

    mtu_request_make(&request, ifindex, mtu);
    rtnetlink_send(fd, &request, 1);
}

/* A command that we started listens at some moment that is unknown here: changes are
 * made until something comes out, and then what is left of them is read away. */
static void settle(int fd, int ifindex, const struct way *way)
{
    struct pollfd readable = {.fd = way->fd, .events = POLLIN};
    char data[4096];

    do {
        change_mtu(fd, ifindex, 1400);
        change_mtu(fd, ifindex, 1500);
    } while (poll(&readable, 1, SETTLE_MSEC) == 0);
    while (poll(&readable, 1, SETTLE_MSEC) > 0)
        read_some(way->fd, data, sizeof(data));
}

static void pass_time(long gap_msec)
{
    uint32_t chance;

    if (gap_msec == 0 || getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
        return;
    poll(NULL, 0, (int)(chance % (uint32_t)gap_msec));
}

int main(int argc, char **argv)
{
    int64_t *samples;
    struct way way;
    long count, gap;
    int ifindex, fd;

    if (argc < 5)
        fail("usage: delay IFINDEX SAMPLES GAP_MSEC WAY...");
    ifindex = (int)number(argv[1], 1);
    count = number(argv[2], 1);
    gap = number(argv[3], 0);
    samples = calloc((size_t)count, sizeof(*samples));
    fd = rtnetlink_open(false);
    /* An odd number of samples leaves it otherwise, and the first one is to be a change. */
    change_mtu(fd, ifindex, 1500);
    way = open_way(ifindex, argv + 4);
    if (!samples)
        fail_errno("memory");
    if (way.is_command)
        settle(fd, ifindex, &way);
    wait_for_go();
    for (long i = 0; i < count; i++) {
        uint32_t mtu = i % 2 ? 1500 : 1400;

        pass_time(gap);
        samples[i] = -clock_nsec(CLOCK_MONOTONIC);
        change_mtu(fd, ifindex, mtu);
        wait_for_mtu(&way, ifindex, mtu);
        samples[i] += clock_nsec(CLOCK_MONOTONIC);
    }
    putchar('{');
    print_percentiles("delay", samples, (size_t)count);
    printf("}\n");
    free(samples);
    return EXIT_SUCCESS;
}
