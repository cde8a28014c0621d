/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that serves a page of its own memory (userfaultfd): a thread subscribes with the
 * address in that page, and while the kernel waits for it, another process is made and ends.
 * Then the page is given. Prints what happened; "SKIP" where there is no such memory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t page_size;
static void *page;

static void fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int withhold_page(void)
{
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register area = {.mode = UFFDIO_REGISTER_MODE_MISSING};
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

    if (fd < 0) {
        printf("SKIP userfaultfd: %s\n", strerror(errno));
        exit(EXIT_SUCCESS);
    }
    page_size = (size_t)sysconf(_SC_PAGESIZE);
    page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    area.range.start = (uint64_t)(uintptr_t)page;
    area.range.len = page_size;
    if (page == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) < 0 ||
        ioctl(fd, UFFDIO_REGISTER, &area) < 0)
        fail("userfaultfd");
    return fd;
}

static void give_page(int fd)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    struct uffdio_copy copy = {.dst = (uint64_t)(uintptr_t)page, .len = page_size};
    char *source = calloc(1, page_size);

    if (!source)
        fail("calloc");
    memcpy(source, &address, sizeof(address));
    copy.src = (uint64_t)(uintptr_t)source;
    if (ioctl(fd, UFFDIO_COPY, &copy) < 0)
        fail("UFFDIO_COPY");
    free(source);
}

static void *subscribe(void *user)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0 || bind(fd, page, sizeof(struct sockaddr_nl)) < 0)
        fail("bind");
    return user;
}

int main(void)
{
    int fd = withhold_page(), status;
    struct uffd_msg message;
    pthread_t thread;
    pid_t child;

    if (pthread_create(&thread, NULL, subscribe, NULL) != 0)
        fail("pthread_create");
    if (read(fd, &message, sizeof(message)) != sizeof(message))
        fail("read");
    puts("withheld");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        execlp("true", "true", NULL);
        _exit(1);
    }
    if (waitpid(child, &status, 0) != child || status != 0)
        fail("the other process");
    puts("another process went on");
    fflush(stdout);
    give_page(fd);
    pthread_join(thread, NULL);
    puts("bound");
    return EXIT_SUCCESS;
}
