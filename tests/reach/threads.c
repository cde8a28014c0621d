/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A subscriber with hundreds of threads, of which some fork and execute programs all the
 * time and others come and go; prints the updates, one a line: the type, and the
 * index of the link. With a number as its argument, that many threads. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS    4
#define ROUNDS     20
#define STACK_SIZE 65536

static void *idle(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static void *come_and_go(void *unused)
{
    return unused;
}

/* Any failure shows as a line. */
static void *work(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = fork();
        pthread_t thread;
        int status = -1;

        if (pid == 0) {
            execlp("true", "true", NULL);
            _exit(1);
        }
        if (waitpid(pid, &status, 0) < 0 || status != 0)
            printf("a child failed: %d\n", status);
        if (pthread_create(&thread, NULL, come_and_go, NULL) != 0 ||
            pthread_join(thread, NULL) != 0)
            printf("a thread failed\n");
    }
    return unused;
}

static int subscribe(void)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        perror("subscribing");
        exit(1);
    }
    return fd;
}

static void print_updates(int fd)
{
    char buffer[65536];

    for (;;) {
        ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
        const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)buffer;

        if (size < 0)
            printf("error %s\n", strerror(errno));
        else if (NLMSG_OK(header, (size_t)size))
            printf("%d %d\n", header->nlmsg_type,
                   ((const struct ifinfomsg *)NLMSG_DATA(header))->ifi_index);
        fflush(stdout);
    }
}

int main(int argc, char *argv[])
{
    int count = argc > 1 ? atoi(argv[1]) : 1, fd = subscribe();
    pthread_t workers[WORKERS], thread;
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    for (int i = 0; i < count; i++)
        if (pthread_create(&thread, &attributes, idle, NULL) != 0)
            printf("thread %d failed\n", i);
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&workers[i], &attributes, work, NULL);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    puts("subscribed");
    fflush(stdout);
    print_updates(fd);
}
