/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one user's consumers do to those of another, and how long a consumer may leave a List
 * unread: in microseconds of a clock on which each reading takes one, and nothing else does. All
 * that works asks that clock after each unit of work, so these are operations. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/model/check.h"
#include "tests/model/serve.h"
#include "tests/model/simulated_kernel.h"

#define SECOND INT64_C(1000000)
#define OTHERS 300
#define OTHER  1000
#define US     2000
/* What we may have to wait: each slice of ours, of which we need a few, stands behind one of the
 * other user and one of those who come; and what the kernel says goes before. */
#define BOUND INT64_C(1000)
/* Connections that wait to be accepted, as tests/model/serve.c listens for. */
#define BACKLOG 64

struct trial {
    struct kernel kernel;
    struct serve serve;
    int others[OTHERS];
};

static const char monitor[] = "{\"method\":\"org.linkwatch.Links.Monitor\",\"more\":true}";
static const char list[] = "{\"method\":\"org.linkwatch.Links.List\",\"more\":true}";

/* With an alias of so many bytes on each link. */
static void start(struct trial *trial, size_t alias)
{
    struct config config;
    char name[IF_NAMESIZE];

    *trial = (struct trial){.others = {0}};
    for (int i = 0; i < OTHERS; i++)
        trial->others[i] = -1;
    kernel_start(&trial->kernel, 1);
    trial->kernel.alias = alias;
    for (int i = 2; i < KERNEL_LINKS; i++) {
        snprintf(name, sizeof(name), "aaaaaaaaaaaa%u", (unsigned)i % 1000);
        kernel_add(&trial->kernel, i, name, "veth", 0);
    }
    CHECK(serve_config(&config) == 0);
    CHECK(serve_start(&trial->serve, &config) == 0);
    for (int i = 0; i < 20; i++) {
        trial->kernel.netlink.now += SECOND / 10;
        serve_iterate(&trial->serve);
        kernel_answer(&trial->kernel);
    }
    trial->kernel.netlink.tick = 1;
}

static void stop(struct trial *trial)
{
    for (int i = 0; i < OTHERS; i++)
        if (trial->others[i] >= 0)
            close(trial->others[i]);
    trial->kernel.netlink.tick = 0;
    serve_stop(&trial->serve);
    kernel_stop(&trial->kernel);
}

static void iterate(struct trial *trial)
{
    serve_iterate(&trial->serve);
    kernel_answer(&trial->kernel);
}

static void ask(int fd, const char *call, size_t size)
{
    CHECK(fd >= 0 && send(fd, call, size, MSG_NOSIGNAL) == (ssize_t)size);
}

/* Reads what there is; whether that text was in it, -1 at the end of the stream. */
static int hears(int fd, const char *text)
{
    char bytes[65536];
    int heard = 0;
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
        heard |= text && memmem(bytes, (size_t)n, text, strlen(text)) != NULL;
    return n == 0 || errno != EAGAIN ? -1 : heard;
}

/* A List with as many globs as may be, each of which takes long to find that it does not match. */
static const char *hard_list(void)
{
    static char call[32768];
    size_t used = 0;

    if (call[0])
        return call;
    used += (size_t)snprintf(call, sizeof(call),
                             "{\"method\":\"org.linkwatch.Links.List\",\"more\":true,"
                             "\"parameters\":{\"filter\":{\"names\":[");
    for (int i = 0; i < 256; i++)
        used += (size_t)snprintf(call + used, sizeof(call) - used, "%s\"*a*a*a*a*a*ab%d\"",
                                 i ? "," : "", i);
    snprintf(call + used, sizeof(call) - used, "]}}}");
    return call;
}

/* The other user asks for hard lists, on all its connections and without end. */
static void other_lists(struct trial *trial)
{
    for (int i = 0; i < OTHERS; i++) {
        if (trial->others[i] < 0)
            trial->others[i] = serve_connect_as(&trial->serve, OTHER);
        if (trial->others[i] >= 0 && hears(trial->others[i], "position") != 0)
            ask(trial->others[i], hard_list(), strlen(hard_list()) + 1);
    }
}

/* The first one on each. */
static void start_lists(struct trial *trial)
{
    for (int i = 0; i < OTHERS; i++) {
        while ((trial->others[i] = serve_connect_as(&trial->serve, OTHER)) < 0)
            iterate(trial);
        ask(trial->others[i], hard_list(), strlen(hard_list()) + 1);
    }
    for (int i = 0; i < 1000; i++)
        iterate(trial);
}

/* The other user's connections are closed as soon as they are made, and made anew. */
static void other_reconnects(struct trial *trial)
{
    for (int i = 0; i < OTHERS; i++) {
        if (trial->others[i] >= 0)
            close(trial->others[i]);
        trial->others[i] = serve_connect_as(&trial->serve, OTHER);
    }
}

/* What happens beside us. */
typedef void (*attacker)(struct trial *trial);

/* How long it takes one who comes, calls and waits for that text. */
static int64_t time_of(struct trial *trial, uid_t uid, const char *call, size_t size,
                       const char *text, attacker attack)
{
    int64_t began = trial->kernel.netlink.now;
    int fd;

    while ((fd = serve_connect_as(&trial->serve, uid)) < 0)
        iterate(trial);
    ask(fd, call, size);
    while (hears(fd, text) == 0) {
        CHECK(trial->kernel.netlink.now < began + 1000 * SECOND);
        iterate(trial);
        attack(trial);
    }
    close(fd);
    return trial->kernel.netlink.now - began;
}

static void other_users_lists_do_not_delay_a_list_or_ready(void)
{
    struct trial trial;
    int64_t own, listed, ready;

    start(&trial, 0);
    start_lists(&trial);
    listed = time_of(&trial, US, list, sizeof(list), "\"position\"", other_lists);
    ready = time_of(&trial, US, monitor, sizeof(monitor), "\"ready\"", other_lists);
    own = time_of(&trial, OTHER, list, sizeof(list), "\"position\"", other_lists);
    printf("# beside %d hard Lists of another user: a List %lld, ready %lld; the other's own List "
           "%lld operations\n",
           OTHERS, (long long)listed, (long long)ready, (long long)own);
    CHECK(listed < BOUND && ready < BOUND);
    /* Else nobody was in anybody's way. */
    CHECK(own > 2 * BOUND);
    stop(&trial);
}

static void other_users_reconnecting_delays_a_list_by_the_backlog(void)
{
    struct trial trial;
    int64_t listed, ready;

    start(&trial, 0);
    other_reconnects(&trial);
    listed = time_of(&trial, US, list, sizeof(list), "\"position\"", other_reconnects);
    ready = time_of(&trial, US, monitor, sizeof(monitor), "\"ready\"", other_reconnects);
    printf("# beside %d connections of another user that come and go: a List %lld, ready %lld "
           "operations\n",
           OTHERS, (long long)listed, (long long)ready);
    CHECK(listed < BOUND + BACKLOG * 50 && ready < BOUND + BACKLOG * 50);
    stop(&trial);
}

/* Time passes; whether the one consumer still has its connection then. */
static bool lives_on(struct trial *trial, int64_t usec)
{
    for (int64_t time = 0; time < usec; time += SECOND / 10) {
        trial->kernel.netlink.now += SECOND / 10;
        iterate(trial);
    }
    return users_sessions(daemon_users(trial->serve.daemon)) > 0;
}

static void a_list_that_is_not_read_is_ended_after_ten_seconds(void)
{
    struct trial trial;
    int fd;

    start(&trial, KERNEL_ALIAS);
    trial.kernel.netlink.tick = 0;
    fd = serve_connect(&trial.serve);
    ask(fd, list, sizeof(list));
    CHECK(lives_on(&trial, 9 * SECOND));
    /* Who reads what is there has new time. */
    CHECK(hears(fd, "\"lo\"") > 0);
    CHECK(lives_on(&trial, 9 * SECOND));
    CHECK(!lives_on(&trial, 2 * SECOND));
    close(fd);
    /* Who has a stream that it does not read is not ended. */
    fd = serve_connect(&trial.serve);
    ask(fd, monitor, sizeof(monitor));
    CHECK(lives_on(&trial, 60 * SECOND));
    close(fd);
    stop(&trial);
}

int main(void)
{
    printf("1..3\n");
    other_users_lists_do_not_delay_a_list_or_ready();
    printf("ok 1 - other users' Lists delay neither a List nor a new Monitor's ready\n");
    other_users_reconnecting_delays_a_list_by_the_backlog();
    printf("ok 2 - other users' connections that come and go delay a List by the backlog alone\n");
    a_list_that_is_not_read_is_ended_after_ten_seconds();
    printf("ok 3 - a List that is not read for ten seconds is ended, a stream is not\n");
    return EXIT_SUCCESS;
}
