/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* start COUNT SOCKET COMMAND...: from the start of the daemon to its first answer about
 * a link. The socket is passed to it, and the request waits in it already, so that
 * nothing is found out by trying. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/common.h"

/* SD_LISTEN_FDS_START */
#define PASSED_FD 3

static const char request[] = "{\"method\":\"org.linkwatch.Links.List\",\"more\":true,"
                              "\"parameters\":{\"filter\":{\"names\":[\"lo\"]}}}";

__attribute__((noreturn)) static void become(int listener, char **command)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    char text[16];

    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    if (listener == PASSED_FD)
        fcntl(listener, F_SETFD, 0);
    else
        dup2(listener, PASSED_FD);
    snprintf(text, sizeof(text), "%d", (int)getpid());
    setenv("LISTEN_PID", text, 1);
    setenv("LISTEN_FDS", "1", 1);
    execv(command[0], command);
    _exit(EXIT_FAILURE);
}

static void read_answer(int fd)
{
    static char data[65536];
    size_t used = 0;

    do {
        ssize_t n = recv(fd, data + used, sizeof(data) - used, 0);

        if (n <= 0)
            fail_errno("no answer");
        used += (size_t)n;
    } while (data[used - 1]);
    if (!memmem(data, used, "\"ifname\":\"lo\"", strlen("\"ifname\":\"lo\"")))
        fail("not the answer: %s", data);
}

static int64_t start_once(const char *path, char **command)
{
    int listener, fd;
    int64_t elapsed;
    pid_t pid;

    unlink(path);
    listener = unix_listen(path);
    fd = unix_connect(path);
    write_all(fd, request, sizeof(request));
    elapsed = -clock_nsec(CLOCK_MONOTONIC);
    pid = fork();
    if (pid < 0)
        fail_errno("fork");
    if (pid == 0)
        become(listener, command);
    close(listener);
    read_answer(fd);
    elapsed += clock_nsec(CLOCK_MONOTONIC);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    close(fd);
    return elapsed;
}

int main(int argc, char **argv)
{
    int64_t *samples;
    long count;

    if (argc < 4)
        fail("usage: start COUNT SOCKET COMMAND...");
    count = number(argv[1], 1);
    samples = calloc((size_t)count, sizeof(*samples));
    if (!samples)
        fail_errno("memory");
    for (long i = 0; i < count; i++)
        samples[i] = start_once(argv[2], argv + 3);
    putchar('{');
    print_percentiles("start", samples, (size_t)count);
    printf("}\n");
    free(samples);
    return EXIT_SUCCESS;
}
