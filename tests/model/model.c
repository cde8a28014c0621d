/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random sequences of what links, kernels and consumers do, and in the end each consumer
 * must believe what the kernel has. No network, no time: model [COUNT [SEED]] runs so many
 * sequences, from that seed on; LINKWATCH_MODEL_SEQUENCES is the count without arguments.
 * A failure names the seed, and with it the sequence comes again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/model/check.h"
#include "tests/model/guest.h"
#include "tests/model/serve.h"
#include "tests/model/simulated_kernel.h"

#define SEQUENCES 300
#define STEPS     150
#define GUESTS    5
#define SECOND    INT64_C(1000000)
/* The default interval of audits is a minute; a contradiction needs a second dump. */
#define BOUND (150 * SECOND)

struct model {
    struct kernel kernel;
    struct serve serve;
    struct config config;
    struct guest guests[GUESTS];
    uint64_t dice;
};

/* Of all sequences, to see that something happens in them. */
struct totals {
    uint64_t changes;
    uint64_t messages;
    uint64_t lost;
    uint64_t overruns;
    uint64_t failed_dumps;
    uint64_t contradictions;
};

static unsigned roll(struct model *model, unsigned limit)
{
    model->dice = model->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((model->dice >> 33) % limit);
}

static bool chance(struct model *model, unsigned percent)
{
    return roll(model, 100) < percent;
}

/* A timer of the loop that is due at once waits for the clock to move. */
static void turn_once(struct model *model)
{
    model->kernel.netlink.now++;
    serve_iterate(&model->serve);
}

/* Turns of the loop for what can be done at this moment. */
static void turn(struct model *model)
{
    int turns = 0;

    do
        turn_once(model);
    while (kernel_answer(&model->kernel) && ++turns < 20);
    turn_once(model);
}

static void pass_time(struct model *model, int64_t usec)
{
    model->kernel.netlink.now += usec;
    turn(model);
}

static void change_relation(struct model *model, int index)
{
    struct kernel *kernel = &model->kernel;

    if (chance(model, 60))
        kernel_set_master(kernel, index, 1 + (int)roll(model, KERNEL_LINKS - 1));
    else
        kernel_set_master(kernel, index, 0);
}

static void rotate_names(struct model *model)
{
    int indexes[3];
    size_t count = 2 + roll(model, 2);

    for (size_t i = 0; i < count; i++)
        indexes[i] = 2 + (int)roll(model, KERNEL_LINKS - 2);
    kernel_rotate_names(&model->kernel, indexes, count);
}

/* It leaves for another namespace, and may be back with another address before the next dump. */
static void move_away(struct model *model, int index, const char *name)
{
    struct kernel_link link = model->kernel.links[index];

    kernel_remove(&model->kernel, index);
    if (link.exists && chance(model, 60))
        kernel_add(&model->kernel, index, chance(model, 50) ? name : link.name, link.kind, 0);
}

static void change_some_link(struct model *model)
{
    static const char *const kinds[] = {"veth", "bridge", "vlan", NULL};
    struct kernel *kernel = &model->kernel;
    int index = 1 + (int)roll(model, KERNEL_LINKS - 1);
    char name[IF_NAMESIZE];

    snprintf(name, sizeof(name), "%c%u", chance(model, 50) ? 'v' : 'w', roll(model, 12));
    switch (roll(model, 12)) {
    case 0:
    case 1:
    case 2:
        kernel_add(kernel, index, name, kinds[roll(model, 4)],
                   chance(model, 30) ? 1 + (int)roll(model, KERNEL_LINKS - 1) : 0);
        break;
    case 3:
        kernel_remove(kernel, index);
        break;
    case 4:
        kernel_rename(kernel, index, name);
        break;
    case 5:
        kernel_set_mtu(kernel, index, 1000 + roll(model, 500));
        break;
    case 6:
        kernel_set_up(kernel, index, chance(model, 50));
        break;
    case 7:
        kernel_flap(kernel, index, 1 + roll(model, 4));
        break;
    case 8:
        change_relation(model, index);
        break;
    case 9:
        rotate_names(model);
        break;
    case 10:
        kernel_set_altname(kernel, index, chance(model, 70) ? name : "");
        break;
    case 11:
        move_away(model, index, name);
        break;
    }
}

static void change_some_address(struct model *model)
{
    struct kernel *kernel = &model->kernel;
    int number = (int)roll(model, KERNEL_ADDRESSES);

    switch (roll(model, 4)) {
    case 0:
    case 1:
        kernel_add_address(kernel, number, 1 + (int)roll(model, KERNEL_LINKS - 1));
        break;
    case 2:
        kernel_remove_address(kernel, number);
        break;
    case 3:
        kernel_deprecate_address(kernel, number, chance(model, 50));
        break;
    }
}

static void change_something(struct model *model)
{
    if (chance(model, 60))
        change_some_link(model);
    else
        change_some_address(model);
}

static int some_errno(struct model *model)
{
    static const int errnos[] = {EACCES, EPERM, EBUSY, ENOBUFS, ENOMEM, EINVAL, ENETDOWN, EINTR};

    return errnos[roll(model, sizeof(errnos) / sizeof(errnos[0]))];
}

static void spoil_kernel(struct model *model)
{
    struct kernel *kernel = &model->kernel;

    switch (roll(model, 14)) {
    case 0:
        kernel->netlink.join_error = chance(model, 50) ? EACCES : 0;
        break;
    case 1:
        kernel->faults.drops = chance(model, 50) ? 100 : roll(model, 60);
        break;
    case 2:
        kernel->faults.dump_error = some_errno(model);
        break;
    case 3:
        kernel->faults.dump_empty = true;
        break;
    case 4:
        kernel->faults.interrupted = true;
        break;
    case 5:
        kernel->faults.dump_omits = 2 + (int)roll(model, KERNEL_LINKS - 2);
        break;
    case 6:
        kernel_overrun(kernel);
        break;
    case 7:
        kernel->netlink.receive_error = some_errno(model);
        break;
    case 8:
        kernel->netlink.socket_error = chance(model, 30) ? EMFILE : 0;
        break;
    case 9:
        kernel->faults.unanswered = true;
        break;
    case 10:
        kernel->faults.nameless = chance(model, 30) ? -1 : 1 + (int)roll(model, KERNEL_LINKS - 1);
        break;
    case 11:
        kernel->faults.no_answers = true;
        break;
    case 12:
        kernel->faults.refuses = some_errno(model);
        break;
    case 13:
        kernel->netlink.address_join_error = chance(model, 50) ? EACCES : 0;
        break;
    }
}

static void mend_kernel(struct kernel *kernel)
{
    kernel->faults = (struct kernel_faults){.drops = 0};
    kernel->netlink.join_error = kernel->netlink.address_join_error = 0;
    kernel->netlink.socket_error = kernel->netlink.receive_error = 0;
}

static void act_as_guest(struct model *model, struct guest *guest)
{
    static const char *const nonsense[] = {"{\"meth", "\"", "{}", "[[[[[[", "\xff\xfe", "null"};

    if (guest->fd < 0) {
        guest_connect(guest, &model->serve, chance(model, 60));
        return;
    }
    switch (roll(model, 8)) {
    case 0:
        guest_hang_up(guest);
        break;
    case 1: {
        const char *bytes = nonsense[roll(model, 6)];

        guest_send(guest, bytes, strlen(bytes) + (chance(model, 50) ? 1 : 0));
        break;
    }
    case 2:
        guest_read(guest, 1 + roll(model, 50));
        break;
    case 3:
    case 4:
        guest_read(guest, 1 + roll(model, 3000));
        break;
    case 5:
    case 6:
        while (guest_read(guest, 65536))
            turn(model);
        break;
    case 7: /* it sleeps */
        break;
    }
}

static void reload(struct model *model)
{
    model->config.history_bytes = (size_t)(model->kernel.alias ? 32768 : 1024) << roll(model, 5);
    model->config.limits.users.sessions = 1 + roll(model, 2 * GUESTS);
    serve_reload(&model->serve, &model->config);
}

static void step(struct model *model)
{
    unsigned what = roll(model, 100);

    if (what < 45) {
        for (unsigned i = 1 + roll(model, 6); i > 0; i--)
            change_something(model);
    } else if (what < 75) {
        act_as_guest(model, &model->guests[roll(model, GUESTS)]);
    } else if (what < 82) {
        pass_time(model, 1 + roll(model, 1000));
    } else if (what < 90) {
        pass_time(model, (int64_t)roll(model, 10000000));
    } else if (what < 94) {
        spoil_kernel(model);
    } else if (what < 97) {
        mend_kernel(&model->kernel);
    } else if (what < 99) {
        /* The wall clock jumps. */
        model->kernel.netlink.realtime += (int64_t)roll(model, 7200000) * 1000 - 3600 * SECOND;
    } else {
        reload(model);
    }
    if (chance(model, 70))
        turn(model);
}

/* Everybody has a connection, and reads until there is nothing more. */
static void read_all(struct model *model)
{
    int idle = 0;

    for (int i = 0; i < GUESTS; i++)
        if (model->guests[i].fd < 0)
            guest_connect(&model->guests[i], &model->serve, true);
    turn(model);
    /* What does not pass a filter takes its turns too. */
    for (int rounds = 0; idle < 20; rounds++) {
        CHECK(rounds < 100000);
        idle++;
        for (int i = 0; i < GUESTS; i++)
            if (guest_read(&model->guests[i], 65536) > 0)
                idle = 0;
        turn(model);
    }
}

/* Who was thrown out, for nonsense or for good manners, comes again. */
static void settle_guests(struct model *model)
{
    for (int i = 0; i < 4; i++)
        read_all(model);
    for (int i = 0; i < GUESTS; i++)
        CHECK(model->guests[i].fd >= 0);
}

static void check_guests(struct model *model)
{
    settle_guests(model);
    for (int i = 0; i < GUESTS; i++)
        guest_check(&model->guests[i], &model->kernel);
}

/* Requests a dump, and takes the answer. */
static void refresh(struct model *model)
{
    static const char call[] = "{\"method\":\"org.linkwatch.Links.Refresh\"}";
    struct guest asking;
    char answer[4096];
    size_t n = 0;

    guest_start(&asking, GUEST_ALL);
    asking.fd = serve_connect(&model->serve);
    guest_send(&asking, call, sizeof(call));
    for (int i = 0; i < 2000 && n == 0; i++) {
        ssize_t r;

        pass_time(model, 1000);
        r = recv(asking.fd, answer, sizeof(answer), MSG_DONTWAIT);
        n = r > 0 ? (size_t)r : 0;
    }
    CHECK(n > 0 && strstr(answer, "position"));
    guest_stop(&asking);
    turn(model);
}

static enum guest_filter some_filter(struct model *model)
{
    if (chance(model, 40))
        return GUEST_BOTH;
    return chance(model, 40) ? GUEST_V : GUEST_ALL;
}

static void start(struct model *model, uint64_t seed)
{
    *model = (struct model){.dice = seed};
    kernel_start(&model->kernel, seed);
    CHECK(serve_config(&model->config) == 0);
    model->config.history_bytes = (size_t)1024 << roll(model, 6);
    if (chance(model, 30))
        model->kernel.alias = KERNEL_ALIAS;
    if (model->kernel.alias)
        model->config.history_bytes *= 32;
    if (chance(model, 30))
        model->kernel.netlink.join_error = EACCES;
    if (chance(model, 10))
        model->kernel.netlink.socket_error = EMFILE;
    CHECK(serve_start(&model->serve, &model->config) == 0);
    for (int i = 0; i < GUESTS; i++)
        guest_start(&model->guests[i], some_filter(model));
}

static void stop(struct model *model, struct totals *totals)
{
    const struct follower_counters *counters =
        &source_subjects(serve_source(&model->serve))->followers[SUBJECT_LINKS].counters;

    totals->changes += model->kernel.changes;
    totals->overruns += counters->received.overruns;
    totals->failed_dumps += counters->dumps_failed;
    totals->contradictions +=
        standing_report(
            source_subjects(serve_source(&model->serve))->followers[SUBJECT_LINKS].standing)
            ->contradictions;
    for (int i = 0; i < GUESTS; i++) {
        totals->messages += model->guests[i].replica.messages;
        totals->lost += model->guests[i].replica.lost;
        guest_stop(&model->guests[i]);
    }
    serve_stop(&model->serve);
    kernel_stop(&model->kernel);
}

static void run_sequence(uint64_t seed, struct totals *totals)
{
    struct model model;

    start(&model, seed);
    for (int i = 0; i < STEPS; i++)
        step(&model);
    mend_kernel(&model.kernel);
    model.config.limits.users.sessions = 4 * GUESTS;
    serve_reload(&model.serve, &model.config);
    /* Without a request: it is published within the bound. */
    for (int64_t time = 0; time < BOUND; time += SECOND / 2)
        pass_time(&model, SECOND / 2);
    check_guests(&model);
    /* With a request: it is published at once. */
    change_some_link(&model);
    change_some_address(&model);
    refresh(&model);
    check_guests(&model);
    stop(&model, totals);
}

static uint64_t count_wanted(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : getenv("LINKWATCH_MODEL_SEQUENCES");

    return text ? strtoull(text, NULL, 10) : SEQUENCES;
}

/* The seed of the sequence under way is on the last line of what was written. */
int main(int argc, char **argv)
{
    uint64_t count = count_wanted(argc, argv);
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct totals totals = {.changes = 0};

    printf("1..1\n");
    for (uint64_t seed = first; seed < first + count; seed++) {
        fprintf(stderr, "\rseed %llu ", (unsigned long long)seed);
        run_sequence(seed, &totals);
    }
    fprintf(stderr, "\n");
    printf("# %llu sequences from seed %llu: %llu changes, %llu messages, %llu events reported as "
           "lost, %llu overruns, %llu dumps failed, %llu contradictions\n",
           (unsigned long long)count, (unsigned long long)first, (unsigned long long)totals.changes,
           (unsigned long long)totals.messages, (unsigned long long)totals.lost,
           (unsigned long long)totals.overruns, (unsigned long long)totals.failed_dumps,
           (unsigned long long)totals.contradictions);
    CHECK(totals.messages && totals.lost && totals.overruns && totals.failed_dumps &&
          totals.contradictions);
    printf("ok 1 - whatever happens, in the end each consumer believes what the kernel has\n");
    return EXIT_SUCCESS;
}
