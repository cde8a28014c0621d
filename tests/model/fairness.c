/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one user's consumers do to those of another; how long a consumer may leave a List unread,
 * and how long addresses are followed without one. The clock goes on with the branches that the
 * daemon takes, so its slices end by what was done in them, and what ignores them shows as a delay.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/namespaces.h"
#include "daemon/workqueue.h"
#include "tests/model/assault.h"
#include "tests/model/attacks.h"
#include "tests/model/check.h"
#include "tests/model/serve.h"
#include "tests/model/simulated_kernel.h"
#include "tests/model/work_clock.h"

#define SECOND INT64_C(1000000)
#define OTHER  1000
#define US     2000
/* How often each is measured; the longest counts. */
#define TIMES 5
/* Iterations after which an attack is under way. */
#define STEPS 100
/* An iteration that took less had nothing to do but wait, which takes so long. */
#define IDLE  10
#define WAIT  1000
#define WAITS 100
/* The link that changes. */
#define CHANGING 2

static const char monitor[] = "{\"method\":\"org.linkwatch.Links.Monitor\",\"more\":true}";
static const char list[] = "{\"method\":\"org.linkwatch.Links.List\",\"more\":true}";

struct trial {
    struct kernel kernel;
    struct serve serve;
    struct assault *assault; /* NULL: none yet */
    uint32_t mtu;
};

static void iterate(struct trial *trial)
{
    serve_iterate(&trial->serve);
    kernel_answer(&trial->kernel);
}

/* What the daemon does is all that takes time. */
static void work(struct trial *trial)
{
    trial->kernel.netlink.elapse = work_clock_elapse;
    serve_iterate(&trial->serve);
    trial->kernel.netlink.elapse = NULL;
    kernel_answer(&trial->kernel);
}

/* And the other user goes on. */
static void work_beside(struct trial *trial)
{
    work(trial);
    if (trial->assault)
        assault_step(trial->assault);
}

/* Until the daemon has all links. */
static void wait_for_links(struct trial *trial)
{
    const struct table *table = source_subjects(serve_source(&trial->serve))->links.table;
    size_t count = (size_t)(KERNEL_LINKS - 1 + trial->kernel.crowd.links);

    for (int i = 0; i < 20 || table_count(table) < count; i++) {
        CHECK(i < 10000);
        trial->kernel.netlink.now += SECOND / 10;
        for (int n = 0; n < 10; n++)
            iterate(trial);
    }
}

/* With an alias of so many bytes on each link, and that many further links and altnames. */
static void start(struct trial *trial, size_t alias, int links, int altnames)
{
    struct config config;
    char name[IF_NAMESIZE];

    *trial = (struct trial){.mtu = 1500};
    kernel_start(&trial->kernel, 1);
    trial->kernel.alias = alias;
    trial->kernel.altnames = altnames;
    trial->kernel.crowd = (struct kernel_crowd){.links = links, .kinds = KERNEL_KINDS};
    for (int i = 2; i < KERNEL_LINKS; i++) {
        snprintf(name, sizeof(name), "aaaaaaaaaaaa%u", (unsigned)i % 1000);
        kernel_add(&trial->kernel, i, name, "veth", 0);
    }
    CHECK(serve_config(&config) == 0);
    CHECK(serve_start(&trial->serve, &config) == 0);
    wait_for_links(trial);
}

static void stop(struct trial *trial)
{
    serve_stop(&trial->serve);
    kernel_stop(&trial->kernel);
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

/* Works until a text was read; how long that takes. */
static int64_t wait_for(struct trial *trial, int fd, const char *text)
{
    int64_t began = trial->kernel.netlink.now;
    int heard;

    for (unsigned i = 0; (heard = hears(fd, text)) == 0; i++) {
        CHECK(i < 1000000);
        work_beside(trial);
    }
    CHECK(heard > 0);
    return trial->kernel.netlink.now - began;
}

/* How long it takes one who comes, calls and waits for that text. */
static int64_t time_of(struct trial *trial, const char *call, size_t size, const char *text)
{
    int64_t began = trial->kernel.netlink.now;
    int fd;

    /* As one who waits for room in the backlog, who is not passed by. */
    while ((fd = serve_connect_as(&trial->serve, US)) < 0)
        work(trial);
    ask(fd, call, size);
    (void)wait_for(trial, fd, text);
    close(fd);
    return trial->kernel.netlink.now - began;
}

static int64_t time_of_event(struct trial *trial, int fd)
{
    char text[32];

    (void)hears(fd, NULL);
    trial->mtu++;
    snprintf(text, sizeof(text), "\"mtu\":%u", trial->mtu);
    kernel_set_mtu(&trial->kernel, CHANGING, trial->mtu);
    return wait_for(trial, fd, text);
}

/* Until the daemon has something to do: what only waits for a timer has time to, but not for ever.
 */
static void go_on(struct trial *trial)
{
    for (int i = 0; i < WAITS; i++) {
        int64_t began = trial->kernel.netlink.now;

        work_beside(trial);
        if (trial->kernel.netlink.now - began >= IDLE)
            return;
        trial->kernel.netlink.now += WAIT;
    }
}

struct times {
    int64_t list, ready, event;
};

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct times measure(struct trial *trial, int events)
{
    struct times times = {0};

    for (int i = 0; i < TIMES; i++) {
        go_on(trial);
        times.list = longer(times.list, time_of(trial, list, sizeof(list), "\"position\""));
        go_on(trial);
        times.ready = longer(times.ready, time_of(trial, monitor, sizeof(monitor), "\"ready\""));
        go_on(trial);
        times.event = longer(times.event, time_of_event(trial, events));
    }
    return times;
}

/* What an attack may do to us. Each slice of ours stands behind one of the other user, which
 * overruns by a unit at most, one of those who are accepted, and an iteration of the loop.
 * Our consumer has a few, and more for each slice of what it takes without the attack; an event,
 * which is sent in one, may just have missed one. Who connects waits until the backlog before it
 * is accepted, of which a slice takes four at least. */
#define UNIT     30
#define SLICE    WORKQUEUE_SLICE_USEC
#define FEW      4
#define ACCEPTED 4

static struct times bounds(const struct attack *attack, const struct times *calm)
{
    int64_t turn = 3 * SLICE + (attack->unit ? attack->unit : UNIT);
    int64_t backlog = attack->returns ? SERVE_BACKLOG / ACCEPTED * turn : 0;

    return (struct times){.list = backlog + calm->list + (FEW + calm->list / SLICE) * turn,
                          .ready = backlog + calm->ready + (FEW + calm->ready / SLICE) * turn,
                          .event = calm->event + 2 * turn};
}

static void print(const char *when, const struct times *times)
{
    printf("# %s: List %lld, ready %lld, an event %lld us of work\n", when, (long long)times->list,
           (long long)times->ready, (long long)times->event);
}

/* Whether an attack does no more to us than it may. */
static bool is_withstood(const struct attack *attack)
{
    static struct assault assault;
    struct trial trial;
    struct times calm, disturbed, most;
    int events;

    start(&trial, 0, attack->links, attack->altnames);
    events = serve_connect_as(&trial.serve, US);
    ask(events, monitor, sizeof(monitor));
    (void)wait_for(&trial, events, "\"ready\"");
    calm = measure(&trial, events);
    assault_begin(&assault, attack, &trial.serve, OTHER);
    trial.assault = &assault;
    for (int i = 0; i < (attack->steps ? attack->steps : STEPS); i++)
        go_on(&trial);
    disturbed = measure(&trial, events);
    most = bounds(attack, &calm);
    print("undisturbed", &calm);
    print(attack->name, &disturbed);
    print("at most", &most);
    assault_end(&assault);
    close(events);
    stop(&trial);
    /* Else nobody was in anybody's way. */
    CHECK(disturbed.list > calm.list || disturbed.event > calm.event);
    return disturbed.list <= most.list && disturbed.ready <= most.ready &&
           disturbed.event <= most.event;
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

    start(&trial, KERNEL_ALIAS, 0, 0);
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

/* A List of addresses is answered; then nobody wants any. */
static void list_addresses(struct trial *trial)
{
    static const char call[] = "{\"method\":\"org.linkwatch.Links.List\",\"more\":true,"
                               "\"parameters\":{\"subjects\":[\"addresses\"]}}";
    int fd = serve_connect(&trial->serve);

    ask(fd, call, sizeof(call));
    for (int i = 0; i < 100 && hears(fd, "\"position\"") == 0; i++)
        (void)lives_on(trial, SECOND / 10);
    close(fd);
}

static void addresses_are_followed_for_thirty_seconds_longer(void)
{
    struct trial trial;
    const struct subjects *subjects;
    int fd;

    start(&trial, 0, 0, 0);
    subjects = source_subjects(serve_source(&trial.serve));
    /* Somebody else, so that polling goes on. */
    fd = serve_connect(&trial.serve);
    ask(fd, monitor, sizeof(monitor));
    CHECK(!subjects->addresses);
    list_addresses(&trial);
    CHECK(subjects_addresses(subjects));
    (void)lives_on(&trial, 20 * SECOND);
    list_addresses(&trial);
    (void)lives_on(&trial, 29 * SECOND);
    CHECK(subjects_addresses(subjects));
    (void)lives_on(&trial, 2 * SECOND);
    CHECK(!subjects->addresses && !subjects->reports[SUBJECT_ADDRESSES]);
    /* And from the beginning. */
    list_addresses(&trial);
    CHECK(subjects_addresses(subjects));
    close(fd);
    stop(&trial);
}

/* The argument is the name of one attack. */
int main(int argc, char **argv)
{
    int count = 0;
    bool failed = false;

    setlinebuf(stdout);
    work_clock_start();
    for (const struct attack *attack = attacks; attack->name; attack++) {
        bool ok;

        if (argc > 1 && strcmp(argv[1], attack->name) != 0)
            continue;
        ok = is_withstood(attack);
        failed |= !ok;
        printf("%sok %d - %s: %zu connections %s do not delay other users\n", ok ? "" : "not ",
               ++count, attack->name, attack->connections, attack->meaning);
    }
    a_list_that_is_not_read_is_ended_after_ten_seconds();
    printf("ok %d - a List that is not read for ten seconds is ended, a stream is not\n", ++count);
    addresses_are_followed_for_thirty_seconds_longer();
    printf("ok %d - addresses are followed for thirty seconds longer than they are wanted\n",
           ++count);
    printf("1..%d\n", count);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
