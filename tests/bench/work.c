/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* work KIND COUNT [COMMAND...]: does one kind of work so many times, and prints how many
 * nanoseconds one took. */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/common.h"

static int zeros;
static volatile sig_atomic_t delivered;
static char **command;

/* The kernel does next to nothing: what is left is the way into it. */
static void enter_kernel(void)
{
    syscall(SYS_getppid);
}

static void read_byte(void)
{
    char byte;

    if (read(zeros, &byte, 1) != 1)
        fail_errno("/dev/zero");
}

static void bind_socket(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        fail_errno("bind");
    close(fd);
}

static void open_netlink(void)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        fail_errno("netlink socket");
    close(fd);
}

static void *do_nothing(void *unused)
{
    return unused;
}

static void make_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, do_nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
        fail("a thread could not be made");
}

static void run_command(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execvp(command[0], command);
        _exit(EXIT_FAILURE);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        fail("%s could not be run", command[0]);
}

static void on_signal(int number)
{
    (void)number;
    delivered++;
}

/* One that this thread doesn't block comes before the call ends. */
static void take_signal(void)
{
    sig_atomic_t before = delivered;

    raise(SIGUSR1);
    if (delivered != before + 1)
        fail("a signal was lost");
}

static const struct {
    const char *name;
    void (*once)(void);
} kinds[] = {
    {"call", enter_kernel},    {"read", read_byte},     {"bind", bind_socket},
    {"netlink", open_netlink}, {"thread", make_thread}, {"signal", take_signal},
    {"command", run_command},
};

static void (*find_kind(const char *name))(void)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].once;
    fail("there is no work named %s", name);
}

int main(int argc, char **argv)
{
    void (*once)(void);
    int64_t elapsed;
    long count;

    if (argc < 3)
        fail("usage: work KIND COUNT [COMMAND...]");
    once = find_kind(argv[1]);
    count = number(argv[2], 1);
    command = argv + 3;
    if (once == run_command && !*command)
        fail("which command?");
    zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (zeros < 0 || signal(SIGUSR1, on_signal) == SIG_ERR)
        fail_errno("preparing");
    once();
    elapsed = -clock_nsec(CLOCK_MONOTONIC);
    for (long i = 0; i < count; i++)
        once();
    elapsed += clock_nsec(CLOCK_MONOTONIC);
    printf("{\"nsec\":%.3f}\n", (double)elapsed / (double)count);
    return EXIT_SUCCESS;
}
