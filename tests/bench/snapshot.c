/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot COUNT WAY...: all links, from the request to its last byte read.
 *
 *   daemon SOCKET   Monitor's snapshot and its "ready"
 *   list SOCKET     List's replies
 *   limit BYTES     a process that copies so many bytes in memory and writes the copy */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"

/* What one write gets. */
#define CHUNK ((size_t)64 * 1024)

static char data[256 * 1024];

/* The last whole message of what was read is "ready". A snapshot's pieces are longer
 * than a message, so that it is within the last read or those before. */
static bool ends_with_ready(const char *text, size_t size)
{
    static const char ready[] = "{\"parameters\":{\"type\":\"ready\"";
    const char *before;

    if (size < sizeof(ready) || text[size - 1])
        return false;
    before = memrchr(text, 0, size - 1);
    return before && memcmp(before + 1, ready, strlen(ready)) == 0;
}

/* The last reply of a list is the one behind which none follows. */
static bool ends_a_list(const char *text, size_t size)
{
    static const char continues[] = ",\"continues\":true}";

    return size >= sizeof(continues) && !text[size - 1] &&
           memcmp(text + size - sizeof(continues), continues, sizeof(continues)) != 0;
}

static size_t read_until(int fd, bool (*is_over)(const char *text, size_t size))
{
    size_t total = 0, used = 0;

    do {
        ssize_t n;

        /* What came last stays, for a message may come in two pieces. */
        if (used > sizeof(data) / 2) {
            memmove(data, data + used - sizeof(data) / 4, sizeof(data) / 4);
            used = sizeof(data) / 4;
        }
        n = recv(fd, data + used, sizeof(data) - used, 0);
        if (n <= 0)
            fail_errno("reading the snapshot");
        used += (size_t)n;
        total += (size_t)n;
    } while (!is_over(data, used));
    return total;
}

static void ask_list(int fd)
{
    static const char request[] =
        "{\"method\":\"org.linkwatch.Links.List\",\"more\":true,\"parameters\":{}}";

    write_all(fd, request, sizeof(request));
}

static int64_t ask_daemon(const char *path, bool lists, size_t *ret_bytes)
{
    int fd = unix_connect(path);
    int64_t elapsed = -clock_nsec(CLOCK_MONOTONIC);

    if (lists)
        ask_list(fd);
    else
        ask_monitor(fd);
    *ret_bytes = read_until(fd, lists ? ends_a_list : ends_with_ready);
    elapsed += clock_nsec(CLOCK_MONOTONIC);
    close(fd);
    return elapsed;
}

__attribute__((noreturn)) static void be_writer(int fd, size_t bytes)
{
    char *snapshot = malloc(bytes), *copy = malloc(CHUNK);
    char byte;

    if (!snapshot || !copy)
        fail_errno("memory");
    memset(snapshot, 'x', bytes);
    while (read(fd, &byte, 1) == 1) {
        for (size_t at = 0; at < bytes; at += CHUNK) {
            size_t size = bytes - at < CHUNK ? bytes - at : CHUNK;

            memcpy(copy, snapshot + at, size);
            write_all(fd, copy, size);
        }
    }
    _exit(EXIT_SUCCESS);
}

static int start_writer(size_t bytes)
{
    int ends[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        fail_errno("socketpair");
    pid = fork();
    if (pid < 0)
        fail_errno("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        be_writer(ends[1], bytes);
    }
    close(ends[1]);
    return ends[0];
}

static int64_t ask_writer(int fd, size_t bytes)
{
    int64_t elapsed = -clock_nsec(CLOCK_MONOTONIC);

    write_all(fd, "", 1);
    for (size_t read_bytes = 0; read_bytes < bytes;) {
        ssize_t n = recv(fd, data, sizeof(data), 0);

        if (n <= 0)
            fail_errno("reading");
        read_bytes += (size_t)n;
    }
    return elapsed + clock_nsec(CLOCK_MONOTONIC);
}

int main(int argc, char **argv)
{
    int64_t *samples;
    size_t bytes = 0;
    bool limit, lists;
    long count;
    int fd = -1;

    if (argc != 4)
        fail("usage: snapshot COUNT daemon SOCKET | list SOCKET | limit BYTES");
    count = number(argv[1], 1);
    samples = calloc((size_t)count, sizeof(*samples));
    if (!samples)
        fail_errno("memory");
    limit = strcmp(argv[2], "limit") == 0;
    lists = strcmp(argv[2], "list") == 0;
    if (limit) {
        bytes = (size_t)number(argv[3], 1);
        fd = start_writer(bytes);
    }
    for (long i = 0; i < count; i++)
        samples[i] = limit ? ask_writer(fd, bytes) : ask_daemon(argv[3], lists, &bytes);
    printf("{\"first\":%.3f,", (double)samples[0] / 1e3);
    print_percentiles("snapshot", samples, (size_t)count);
    printf(",\"bytes\":%zu}\n", bytes);
    free(samples);
    return EXIT_SUCCESS;
}
