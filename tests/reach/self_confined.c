/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that subscribes, puts itself under a seccomp filter that kills for calls which a
 * program like it doesn't make, and subscribes again, as does a child of it. Another child
 * that was made before does so in the end, after it was stopped and continued. Prints how it
 * went. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void subscribe(const char *who)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    char line[128];
    int n;

    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        n = snprintf(line, sizeof(line), "%s: %s\n", who, strerror(errno));
    else
        n = snprintf(line, sizeof(line), "%s: bound\n", who);
    if (write(STDOUT_FILENO, line, (size_t)n) < 0)
        _exit(1);
    close(fd);
}

static int confine(void)
{
    static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(fcntl),
                                SCMP_SYS(dup),  SCMP_SYS(dup3),   SCMP_SYS(sendmsg)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int r = filter ? 0 : -ENOMEM;

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && r >= 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, calls[i], 0);
    return r < 0 ? r : seccomp_load(filter);
}

/* One that waits until it may go on. */
static pid_t start_other(int gate[2])
{
    pid_t pid = fork();
    char byte;

    if (pid == 0) {
        close(gate[1]);
        if (read(gate[0], &byte, 1) < 0)
            _exit(1);
        subscribe("other");
        _exit(0);
    }
    close(gate[0]);
    return pid;
}

/* One that goes on after that is no new process. */
static int stop_and_continue(pid_t pid)
{
    int status;

    if (kill(pid, SIGSTOP) < 0 || waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
        return -1;
    if (kill(pid, SIGCONT) < 0 || waitpid(pid, &status, WCONTINUED) != pid)
        return -1;
    return WIFCONTINUED(status) ? 0 : -1;
}

int main(void)
{
    int gate[2], status;
    pid_t other, child;

    if (pipe(gate) < 0)
        return 1;
    other = start_other(gate);
    subscribe("before");
    if (confine() < 0)
        return 1;
    subscribe("confined");
    child = fork();
    if (child == 0) {
        subscribe("child");
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child || status != 0)
        return 1;
    if (stop_and_continue(other) < 0)
        return 1;
    close(gate[1]);
    return waitpid(other, &status, 0) == other && status == 0 ? 0 : 1;
}
