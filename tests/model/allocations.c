/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each allocation of the daemon fails in turn, and from each on some more do: while it
 * reads its configuration and starts, with events, with requests and in a reload. The
 * outcome is a clean error, or a consumer that is closed; never a crash, a leak or wrong
 * links. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/model/allocate.h"
#include "tests/model/check.h"
#include "tests/model/guest.h"
#include "tests/model/serve.h"
#include "tests/model/simulated_kernel.h"

#define SECOND   INT64_C(1000000)
#define CALLERS  12
#define GUESTS   3
#define HISTORY  (48 * 1024)
#define SESSIONS 40

struct trial {
    struct allocate allocate;
    bool calm; /* nothing fails for a while */
    int refreshes;
    size_t tried; /* allocations before there was memory again */
    struct kernel kernel;
    struct serve serve;
    struct config config;
    char path[32]; /* of the configuration file */
    struct guest guests[GUESTS];
    int callers[CALLERS]; /* connections that ask for something once */
    size_t caller_count;
};

static const char file_text[] = "# every section\n"
                                "[Source]\nBudget=1%\nIntervalMax=2s\n"
                                "[History]\nSize=48K\n"
                                "[Limits]\nSessionsMax=40\nRequestMax=4K\n"
                                "[Log]\nLevel=warning\n";

/* The daemon does something, and may get no memory for it. */
#define ARMED(trial, action)             \
    do {                                 \
        (trial)->allocate.armed = true;  \
        action;                          \
        (trial)->allocate.armed = false; \
    } while (0)

static int read_config(struct trial *trial)
{
    char name[] = "linkwatchd", option[] = "--config";
    char *arguments[] = {name, option, trial->path, NULL};
    enum config_request request;
    struct config_error error;
    int r;

    ARMED(trial, r = config_read(3, arguments, &trial->config, &request, &error));
    if (r < 0) {
        CHECK(trial->allocate.failed && error.text[0]);
        return r;
    }
    CHECK(trial->config.history_bytes == HISTORY);
    CHECK(trial->config.limits.users.sessions == SESSIONS);
    CHECK(trial->config.interval_max_usec == 2 * SECOND);
    return 0;
}

static void turn(struct trial *trial)
{
    for (int i = 0; i < 4; i++) {
        trial->kernel.netlink.now++;
        ARMED(trial, serve_iterate(&trial->serve));
        kernel_answer(&trial->kernel);
    }
}

static void pass_time(struct trial *trial, int64_t usec)
{
    trial->kernel.netlink.now += usec;
    turn(trial);
}

static void connect_caller(struct trial *trial)
{
    int fd = serve_connect(&trial->serve);

    CHECK(fd >= 0 && trial->caller_count < CALLERS);
    trial->callers[trial->caller_count++] = fd;
    turn(trial);
}

/* On the last connection made. */
static void send_call(struct trial *trial, const char *text)
{
    int fd = trial->callers[trial->caller_count - 1];

    CHECK(send(fd, text, strlen(text) + 1, MSG_NOSIGNAL) == (ssize_t)strlen(text) + 1 ||
          trial->allocate.failed);
    turn(trial);
}

static void call(struct trial *trial, const char *text)
{
    connect_caller(trial);
    send_call(trial, text);
}

/* Reads an answer. One that is whole ends with a NUL; else the connection is over. */
static void take_answer(struct trial *trial, int fd)
{
    char bytes[65536];
    char last = '\0';
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        last = bytes[n - 1];
        turn(trial);
    }
    CHECK(trial->allocate.failed || (n < 0 && errno == EAGAIN && last == '\0'));
    CHECK(last == '\0' || n == 0 || errno == ECONNRESET);
}

static void end_calls(struct trial *trial)
{
    while (trial->caller_count > 0) {
        int fd = trial->callers[--trial->caller_count];

        take_answer(trial, fd);
        close(fd);
    }
    turn(trial);
}

/* Names of links that others show too change, and some links stay for the next time. Addresses
 * come, change and go, with their links too. */
static void make_events(struct trial *trial)
{
    struct kernel *kernel = &trial->kernel;

    kernel_add(kernel, 2, "v0", "veth", 0);
    kernel_add_address(kernel, 1, 2);
    kernel_add_address(kernel, 2, 2);
    kernel_add(kernel, 3, "w0", "veth", 2);
    kernel_add(kernel, 4, "b0", "bridge", 0);
    kernel_add(kernel, 5, "v5", "veth", 0);
    turn(trial);
    for (int i = 3; i < 6; i++)
        kernel_add_address(kernel, i, 4);
    kernel_set_master(kernel, 2, 4);
    kernel_set_master(kernel, 5, 4);
    turn(trial);
    kernel_rename(kernel, 4, "b1");
    kernel_deprecate_address(kernel, 3, !kernel->addresses[3].deprecated);
    kernel_remove_address(kernel, 5);
    kernel_flap(kernel, 3, 3);
    turn(trial);
    kernel_rename(kernel, 4, "b2");
    kernel_remove(kernel, 2);
    kernel_overrun(kernel);
    kernel_set_mtu(kernel, 4, 1400);
    turn(trial);
    pass_time(trial, SECOND);
}

static void ask(struct trial *trial)
{
    call(trial, "{\"method\":\"org.varlink.service.GetInfo\"}");
    call(trial, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
                "{\"interface\":\"org.linkwatch.Links\"}}");
    call(trial, "{\"method\":\"org.linkwatch.Links.GetStatus\"}");
    call(trial, "{\"method\":\"org.linkwatch.Statistics.GetStatistics\"}");
    call(trial, "{\"method\":\"io.systemd.Metrics.List\",\"more\":true}");
    call(trial, "{\"method\":\"io.systemd.Metrics.Describe\",\"more\":true}");
    call(trial, "{\"method\":\"org.linkwatch.Links.List\",\"more\":true,\"parameters\":{\"filter\":"
                "{\"names\":[\"v*\",\"l?\"],\"kinds\":[\"veth\"]}}}");
    call(trial, "{\"method\":\"org.linkwatch.Links.List\",\"more\":true,\"parameters\":{"
                "\"subjects\":[\"links\",\"addresses\"]}}");
    call(trial, "{\"method\":\"org.linkwatch.Links.Refresh\"}");
    call(trial, "{\"method\":\"org.linkwatch.Links.Nothing\"}");
    call(trial, "{\"method\":\"org.linkwatch.Links.Monitor\",\"parameters\":{\"wrong\":1}}");
    pass_time(trial, SECOND);
    end_calls(trial);
}

/* A Refresh that succeeded has brought everything. */
static void check_refresh(struct trial *trial)
{
    int index = 10 + trial->refreshes++;
    char answer[4096] = "";
    char name[IF_NAMESIZE];

    connect_caller(trial);
    /* Only the dump can bring it. */
    trial->kernel.faults.drops = 100;
    snprintf(name, sizeof(name), "v%d", index);
    kernel_add(&trial->kernel, index, name, "veth", 0);
    trial->kernel.faults.drops = 0;
    send_call(trial, "{\"method\":\"org.linkwatch.Links.Refresh\"}");
    for (int i = 0; i < 20 && recv(trial->callers[0], answer, sizeof(answer) - 1, 0) < 0; i++)
        pass_time(trial, SECOND / 20);
    CHECK(trial->allocate.failed || strstr(answer, "position"));
    if (strstr(answer, "position"))
        CHECK(table_find(source_subjects(serve_source(&trial->serve))->links.table, index));
    end_calls(trial);
}

static void follow(struct trial *trial)
{
    for (int i = 0; i < GUESTS; i++) {
        if (trial->guests[i].fd < 0)
            guest_connect(&trial->guests[i], &trial->serve, true);
        turn(trial);
        while (guest_read(&trial->guests[i], 65536))
            turn(trial);
    }
}

static void reload(struct trial *trial)
{
    if (read_config(trial) == 0)
        ARMED(trial, serve_reload(&trial->serve, &trial->config));
    turn(trial);
}

/* There is memory again. */
static void check_recovery(struct trial *trial)
{
    trial->allocate.fail_count = 0;
    trial->tried = trial->allocate.count;
    for (int64_t time = 0; time < 150 * SECOND; time += SECOND / 2)
        pass_time(trial, SECOND / 2);
    follow(trial);
    follow(trial);
    for (int i = 0; i < GUESTS; i++)
        guest_check(&trial->guests[i], &trial->kernel);
}

static void live(struct trial *trial)
{
    int r;

    if (read_config(trial) < 0)
        return;
    ARMED(trial, r = serve_start(&trial->serve, &trial->config));
    CHECK(r == 0 || (r == -ENOMEM && trial->allocate.failed));
    if (r < 0)
        return;
    turn(trial);
    pass_time(trial, SECOND);
    follow(trial);
    make_events(trial);
    follow(trial);
    ask(trial);
    check_refresh(trial);
    reload(trial);
    guest_hang_up(&trial->guests[0]);
    make_events(trial);
    check_refresh(trial);
    follow(trial);
    check_recovery(trial);
    serve_stop(&trial->serve);
}

/* One life of the daemon; the number of allocations in it that may fail. */
static size_t try_life(int file, size_t fail_at, size_t fail_count)
{
    struct trial trial = {.allocate = {.fail_at = fail_at, .fail_count = fail_count}};

    snprintf(trial.path, sizeof(trial.path), "/proc/self/fd/%d", file);
    kernel_start(&trial.kernel, 1);
    allocate_watch(&trial.allocate);
    for (int i = 0; i < GUESTS; i++)
        guest_start(&trial.guests[i], (enum guest_filter)i);
    live(&trial);
    for (int i = 0; i < GUESTS; i++)
        guest_stop(&trial.guests[i]);
    allocate_watch(NULL);
    kernel_stop(&trial.kernel);
    CHECK(!fail_at || trial.allocate.failed);
    CHECK(trial.allocate.live == 0);
    return trial.tried;
}

static void try_all(int file, size_t fail_count)
{
    size_t count;

    /* Some things are made once in a process. */
    try_life(file, 0, 0);
    count = try_life(file, 0, 0);
    for (size_t i = 1; i <= count; i++) {
        fprintf(stderr, "\rallocation %zu of %zu, and %zu more ", i, count, fail_count - 1);
        try_life(file, i, fail_count);
    }
    fprintf(stderr, "\n");
    printf("# %zu allocations\n", count);
}

int main(void)
{
    static const size_t fail_counts[] = {1, 2, 7, 60};
    int file = memfd_create("linkwatchd.conf", 0);

    CHECK(file >= 0 && write(file, file_text, strlen(file_text)) == (ssize_t)strlen(file_text));
    allocate_spare_libev();
    printf("1..4\n");
    for (int i = 0; i < 4; i++) {
        try_all(file, fail_counts[i]);
        printf("ok %d - any allocation may fail, %zu in a row\n", i + 1, fail_counts[i]);
    }
    close(file);
    return EXIT_SUCCESS;
}
