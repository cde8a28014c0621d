/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* many_namespaces SOCKET PID COUNT ACTIVE SETTLE_MSEC MSEC: so many network
 * namespaces of two links each, entered at the daemon with that process id, by
 * one connection each.
 *
 * With ACTIVE 0 nobody listens to events; it prints how many dumps there
 * were in MSEC, and how often the daemon woke up for them. Else each connection
 * has a Monitor. Nothing happens for SETTLE_MSEC, and for MSEC more, of which
 * the CPU time is printed. Then, for MSEC again, something happens in so many of
 * them, now and then, in the daemon's eyes for the first time at first. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/common.h"

#define NSEC_PER_MSEC INT64_C(1000000)
#define LOOPBACK      1
/* From when a change was reported to the next one there: up to so long. */
#define GAP_MSEC 2000
/* What is not reported by then is not reported at all. */
#define PATIENCE_MSEC 30000
#define SAMPLES_MAX   100000

struct guest {
    int namespace; /* a socket in there */
    int connection;
    int64_t next;    /* change */
    int64_t changed; /* when it was made, 0: it was reported */
    uint32_t mtu;
    bool is_known; /* to be active */
};

struct samples {
    int64_t nsec[SAMPLES_MAX];
    size_t count;
};

static char data[65536];
static struct samples first, later;

static int64_t now_nsec(void)
{
    return clock_nsec(CLOCK_MONOTONIC);
}

static void add_sample(struct samples *samples, int64_t nsec)
{
    if (samples->count < SAMPLES_MAX)
        samples->nsec[samples->count++] = nsec;
}

/* Up to the first message that has that text in it. */
static const char *read_until(int fd, const char *text)
{
    size_t used = 0;

    for (;;) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&readable, 1, PATIENCE_MSEC) == 0 || used == sizeof(data) - 1)
            fail("no %s came", text);
        n = recv(fd, data + used, sizeof(data) - 1 - used, 0);
        if (n <= 0)
            fail_errno("reading from the daemon");
        used += (size_t)n;
        data[used] = '\0';
        const char *found = memmem(data, used, text, strlen(text));
        if (found && data[used - 1] == '\0')
            return found;
    }
}

static void enter(int connection, int fd)
{
    static char request[] = "{\"method\":\"org.linkwatch.Links.Enter\","
                            "\"parameters\":{\"socket_fd\":0}}";
    char control[CMSG_SPACE(sizeof(fd))] = {0};
    struct iovec piece = {.iov_base = request, .iov_len = sizeof(request)};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    if (sendmsg(connection, &message, MSG_NOSIGNAL) < 0)
        fail_errno("Enter");
    if (strstr(read_until(connection, "{"), "error"))
        fail("Enter: %s", data);
}

static struct guest make_guest(const char *path, bool listens)
{
    struct guest guest = {.connection = unix_connect(path)};
    int handed;

    guest.namespace = namespace_make();
    handed = rtnetlink_open(false);
    enter(guest.connection, handed);
    close(handed);
    if (listens) {
        ask_monitor(guest.connection);
        read_until(guest.connection, "\"ready\"");
    }
    return guest;
}

static long status_number(long pid, const char *name)
{
    char path[64], line[256];
    long value = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%ld/status", pid);
    file = fopen(path, "re");
    while (file && value < 0 && fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    if (file)
        fclose(file);
    if (value < 0)
        fail("%s of process %ld", name, pid);
    return value;
}

static int64_t cpu_nsec(long pid)
{
    return clock_nsec((clockid_t)(~(unsigned)pid << 3 | 2));
}

static void let_pass(int64_t msec)
{
    int64_t end = now_nsec() + msec * NSEC_PER_MSEC;

    while (now_nsec() < end)
        poll(NULL, 0, (int)((end - now_nsec()) / NSEC_PER_MSEC) + 1);
}

static int64_t some_time_later(int64_t now, int64_t msec)
{
    return now + (int64_t)(drand48() * (double)(msec * NSEC_PER_MSEC));
}

static void make_change(struct guest *guest, int64_t now)
{
    struct mtu_request request;

    guest->mtu = guest->mtu == 1400 ? 1500 : 1400;
    mtu_request_make(&request, LOOPBACK, guest->mtu);
    rtnetlink_send(guest->namespace, &request, 1);
    guest->changed = now;
}

static void take_event(struct guest *guest, int64_t now)
{
    if (recv(guest->connection, data, sizeof(data), MSG_DONTWAIT) <= 0)
        fail_errno("reading an event");
    if (!guest->changed)
        return;
    add_sample(guest->is_known ? &later : &first, now - guest->changed);
    guest->is_known = true;
    guest->changed = 0;
    guest->next = some_time_later(now, GAP_MSEC);
}

/* Changes now and then, until the time is over; those made by then are still
 * waited for. */
static void be_active(struct guest *guests, size_t count, int64_t msec)
{
    struct pollfd *readable = calloc(count, sizeof(*readable));
    int64_t start = now_nsec(), end = start + msec * NSEC_PER_MSEC;
    size_t waiting = 0;

    if (!readable)
        fail_errno("memory");
    for (size_t i = 0; i < count; i++) {
        readable[i] = (struct pollfd){.fd = guests[i].connection, .events = POLLIN};
        guests[i].next = some_time_later(start, msec < GAP_MSEC ? msec : GAP_MSEC);
    }
    do {
        int64_t now = now_nsec();

        if (now > end + PATIENCE_MSEC * NSEC_PER_MSEC)
            fail("a change was not reported");
        for (size_t i = 0; i < count; i++)
            if (!guests[i].changed && now >= guests[i].next && now < end)
                make_change(&guests[i], now_nsec());
        poll(readable, count, 1);
        waiting = 0;
        for (size_t i = 0; i < count; i++) {
            if (readable[i].revents)
                take_event(&guests[i], now_nsec());
            waiting += guests[i].changed != 0;
        }
    } while (waiting || now_nsec() < end);
    free(readable);
}

static long count_dumps(const struct guest *guests, size_t count)
{
    static const char request[] = "{\"method\":\"org.linkwatch.Statistics.GetStatistics\"}";
    static const char member[] = "\"dumps\":";
    long dumps = 0;

    for (size_t i = 0; i < count; i++) {
        write_all(guests[i].connection, request, sizeof(request));
        dumps += strtol(read_until(guests[i].connection, member) + strlen(member), NULL, 10);
    }
    return dumps;
}

static double share(int64_t cpu, int64_t elapsed)
{
    return 100. * (double)cpu / (double)elapsed;
}

static void measure_idle(const struct guest *guests, size_t count, long pid, int64_t msec)
{
    long dumps = -count_dumps(guests, count);
    long woken = -status_number(pid, "voluntary_ctxt_switches:");
    int64_t cpu = -cpu_nsec(pid), start = now_nsec();

    let_pass(msec);
    woken += status_number(pid, "voluntary_ctxt_switches:");
    cpu += cpu_nsec(pid);
    start = now_nsec() - start;
    dumps += count_dumps(guests, count);
    printf("{\"dumps\":%ld,\"woken\":%ld,\"share\":%.3f}\n", dumps, woken, share(cpu, start));
}

static void measure(struct guest *guests, size_t active, long pid, double memory, int64_t msec)
{
    int64_t cpu = -cpu_nsec(pid), start = now_nsec();

    let_pass(msec);
    printf("{\"memory\":%.1f,\"quiet_share\":%.3f", memory,
           share(cpu + cpu_nsec(pid), now_nsec() - start));
    cpu = -cpu_nsec(pid);
    start = now_nsec();
    be_active(guests, active, msec);
    printf(",\"active_share\":%.3f,", share(cpu + cpu_nsec(pid), now_nsec() - start));
    print_percentiles("first", first.nsec, first.count);
    printf(",\"first_worst\":%.3f,\"changes\":%zu,", (double)first.nsec[first.count - 1] / 1e3,
           later.count);
    print_percentiles("delay", later.nsec, later.count);
    puts("}");
}

int main(int argc, char **argv)
{
    struct guest *guests;
    long pid, count, active, before;

    if (argc != 7)
        fail("usage: many_namespaces SOCKET PID COUNT ACTIVE SETTLE_MSEC MSEC");
    pid = number(argv[2], 1);
    count = number(argv[3], 1);
    active = number(argv[4], 0);
    if (active > count)
        fail("more active ones than there are");
    raise_descriptor_limit();
    guests = calloc((size_t)count, sizeof(*guests));
    if (!guests)
        fail_errno("memory");
    before = status_number(pid, "VmRSS:");
    for (long i = 0; i < count; i++)
        guests[i] = make_guest(argv[1], active > 0);
    wait_for_go();
    let_pass(number(argv[5], 0));
    if (active)
        measure(guests, (size_t)active, pid,
                (double)(status_number(pid, "VmRSS:") - before) / (double)count,
                number(argv[6], 1));
    else
        measure_idle(guests, (size_t)count, pid, number(argv[6], 1));
    free(guests);
    return EXIT_SUCCESS;
}
