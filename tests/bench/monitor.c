/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* monitor SOCKET CHANGES: one consumer of Monitor. It prints "ready" when the snapshot is
 * complete, and ends with so many changes, or when nothing came for a while. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/bench/common.h"

#define SILENCE_MSEC  3000
#define PATIENCE_MSEC 30000

struct reader {
    int fd;
    char data[256 * 1024];
    size_t used;
    long changes;
    long lost; /* messages of that type */
    bool ready;
};

static bool starts_with(const char *message, const char *start)
{
    return strncmp(message, start, strlen(start)) == 0;
}

static void take_message(struct reader *reader, const char *message)
{
    if (starts_with(message, "{\"parameters\":{\"type\":\"change\""))
        reader->changes++;
    else if (starts_with(message, "{\"parameters\":{\"type\":\"ready\""))
        reader->ready = true;
    else if (starts_with(message, "{\"parameters\":{\"type\":\"lost\""))
        reader->lost++;
    else if (starts_with(message, "{\"error\""))
        fail("%s", message);
}

/* False if nothing came for a while. */
static bool read_some(struct reader *reader, int msec)
{
    struct pollfd readable = {.fd = reader->fd, .events = POLLIN};
    const char *message = reader->data;
    const char *end;
    ssize_t n;

    if (poll(&readable, 1, msec) == 0)
        return false;
    n = recv(reader->fd, reader->data + reader->used, sizeof(reader->data) - reader->used, 0);
    if (n <= 0)
        fail_errno("the daemon left");
    reader->used += (size_t)n;
    while ((end = memchr(message, 0, reader->used - (size_t)(message - reader->data)))) {
        take_message(reader, message);
        message = end + 1;
    }
    reader->used -= (size_t)(message - reader->data);
    memmove(reader->data, message, reader->used);
    return true;
}

int main(int argc, char **argv)
{
    static struct reader reader;
    int64_t last = 0;
    long wanted;

    if (argc != 3)
        fail("usage: monitor SOCKET CHANGES");
    wanted = number(argv[2], 1);
    reader.fd = unix_connect(argv[1]);
    ask_monitor(reader.fd);
    while (!reader.ready)
        if (!read_some(&reader, PATIENCE_MSEC))
            fail("no snapshot came");
    wait_for_go();
    while (reader.changes < wanted) {
        long before = reader.changes;

        if (!read_some(&reader, SILENCE_MSEC))
            break;
        if (reader.changes > before)
            last = clock_nsec(CLOCK_MONOTONIC);
    }
    printf("{\"changes\":%ld,\"lost\":%ld,\"last\":%.9f,\"cpu\":%.9f}\n", reader.changes,
           reader.lost, (double)last / 1e9, (double)clock_nsec(CLOCK_PROCESS_CPUTIME_ID) / 1e9);
    return EXIT_SUCCESS;
}
