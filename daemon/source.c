/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/source.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/backoff.h"
#include "daemon/rtnl.h"
#include "daemon/slice.h"
#include "protocol/clock.h"

/* How long datagrams are received, or links queried one by one, before others have their turn. A
 * datagram of a notification takes some 2 us; the kernel makes those of a dump meanwhile, 150 us
 * each. */
#define SLICE_USEC INT64_C(100)

struct source {
    struct ev_loop *loop;
    struct ev_io readable;
    struct ev_timer due;
    int64_t deadline; /* when it is due, in microseconds */
    struct source_config config;
    void (*settled)(void *user);
    void *user;
    bool was_handed; /* its socket; there is no other */
    int handed;      /* that socket while it is not open; -1 */
    struct source_resources resources;
    struct rtnl *rtnl;
    uint64_t opens;
    struct subjects subjects;
    struct price_measure measured; /* when the clocks were read last */
    bool drained; /* the queue was read empty, and nothing came or was sent since */
    bool clean;   /* it is empty without a read: nothing came after the last dump */
    bool clocked; /* the clocks were read in this turn of the loop, and nothing was done since */
};

static int64_t now_usec(void)
{
    return clock_usec(CLOCK_MONOTONIC);
}

static struct follower *links_of(struct source *source)
{
    return &source->subjects.followers[SUBJECT_LINKS];
}

/* The clock of CPU time takes a system call. */
static void read_clocks(struct source *source, const struct follower *follower)
{
    source->measured.cpu_usec =
        standing_wants_cpu_time(follower->standing) ? clock_usec(CLOCK_THREAD_CPUTIME_ID) : 0;
    source->measured.wall_usec = now_usec();
}

/* What was done since the clocks were read last was done for that one's dump. */
static void charge_dump(struct source *source, struct follower *follower)
{
    struct price_measure took = source->measured;

    read_clocks(source, follower);
    took.cpu_usec = source->measured.cpu_usec - took.cpu_usec;
    took.wall_usec = source->measured.wall_usec - took.wall_usec;
    follower_charge(follower, &took);
}

/* A dump is over when what it left open is settled, too. */
static void end_dump_if_settled(struct source *source, struct follower *follower)
{
    if (!follower->intake.settling)
        return;
    charge_dump(source, follower);
    follower_settle(follower, now_usec());
}

/* Closes the socket; requests for a dump fail at once. */
static void close_socket(struct source *source, int error)
{
    source->clean = false;
    if (source->rtnl)
        ev_io_stop(source->loop, &source->readable);
    /* Without a descriptor for it, it is lost. */
    if (source->rtnl && source->was_handed)
        source->handed = fcntl(rtnl_fd(source->rtnl), F_DUPFD_CLOEXEC, 0);
    source->rtnl = rtnl_close(source->rtnl);
    FOREACH_FOLLOWER (follower, &source->subjects) {
        follower_closed(follower, error);
        /* The links' own standing knows. */
        if (follower != links_of(source))
            standing_let_go(follower->standing);
    }
}

static void open_socket(struct source *source)
{
    int r = -EBADF;

    if (!source->was_handed || source->handed >= 0)
        r = rtnl_open(source->handed, source->config.receive_buffer, source->resources.room,
                      subjects_receive, &source->subjects, &source->rtnl);
    source->opens++;
    if (r < 0) {
        close_socket(source, r);
    } else {
        source->handed = -1;
        ev_io_set(&source->readable, rtnl_fd(source->rtnl), EV_READ);
        ev_io_start(source->loop, &source->readable);
        source->drained = true;
    }
    FOREACH_FOLLOWER (follower, &source->subjects)
        follower_opened(follower, now_usec(), r);
}

static void begin_dump(struct source *source, struct follower *follower)
{
    int64_t began = now_usec();
    int r;

    source->clean = false;
    if (!source->clocked)
        read_clocks(source, follower);
    source->clocked = false;
    intake_dump_begin(&follower->intake, source->drained);
    if (source->subjects.addresses)
        address_table_set_native(source->subjects.addresses, links_of(source)->intake.dump.native);
    r = rtnl_ask_dump(source->rtnl, follower->intake.subject->get);
    follower_dump_begun(follower, began, r);
}

/* Nothing can come but what is requested. That the queue is empty after a dump need not be seen
 * before the next one: each system call counts where it is dear (gVisor). */
static bool is_silent(const struct source *source)
{
    FOREACH_FOLLOWER (follower, &source->subjects)
        if (follower->joined)
            return false;
    return true;
}

static struct slice begin_slice(void)
{
    return (struct slice){.clock = now_usec, .end = now_usec() + SLICE_USEC};
}

/* As rtnl_receive(); *ret_clean: the queue is empty, without a read that says so. The clock is read
 * at every second datagram: some kernels put a dump into one, and its end into another. */
static int receive_batch(struct source *source, const struct slice *slice, bool *ret_clean)
{
    const struct follower *follower =
        is_silent(source) ? subjects_dumping(&source->subjects) : NULL;
    size_t count = 0;
    int r;

    do {
        r = rtnl_receive(source->rtnl);
        *ret_clean = r == 1 && follower && follower_has_all(follower);
    } while (r == 1 && !*ret_clean && !(++count % 2 == 0 && slice_is_over(slice)));
    return r;
}

static void receive(struct source *source, const struct slice *slice)
{
    struct follower *was_dumping = subjects_dumping(&source->subjects);
    int r;

    if (!source->rtnl)
        return;
    r = receive_batch(source, slice, &source->clean);
    source->drained = r == 0;
    if (source->subjects.addresses && address_table_lacks_link(source->subjects.addresses))
        standing_dump_soon(links_of(source)->standing);
    if (was_dumping && was_dumping->intake.dumping)
        charge_dump(source, was_dumping);
    FOREACH_FOLLOWER (follower, &source->subjects)
        if (r < 0)
            standing_broken(follower->standing, now_usec(), r);
        else if (r == 0)
            standing_drained(follower->standing, now_usec());
}

static void wait_until(struct source *source, int64_t deadline)
{
    int64_t now;

    /* An event seldom moves it. */
    if (ev_is_active(&source->due) && deadline == source->deadline)
        return;
    now = now_usec();
    source->deadline = deadline;
    ev_timer_stop(source->loop, &source->due);
    /* A socket that was handed in and is gone does not come back by itself. */
    if (deadline == STANDING_NEVER || (source->was_handed && source_socket(source) < 0))
        return;
    ev_now_update(source->loop);
    ev_timer_set(&source->due, deadline > now ? (double)(deadline - now) / 1e6 : 0., 0.);
    ev_timer_start(source->loop, &source->due);
}

/* What it costs counts for the dump under way, or else for the next one. */
static void ask_link(struct source *source, struct follower *follower, const struct slice *slice)
{
    struct intake *intake = &follower->intake;

    read_clocks(source, follower);
    source->drained = source->clean = false;
    /* A query that could not be sent is one without an answer. */
    intake->asked = intake_query(intake);
    (void)rtnl_ask_link(source->rtnl, intake->asked);
    standing_asked(follower->standing, now_usec());
    receive(source, slice);
    charge_dump(source, follower);
}

/* It is the links' to open the socket, with which all go on. False if there is none. */
static bool open_for(struct source *source, struct follower *follower)
{
    if (follower == links_of(source))
        open_socket(source);
    else if (source->rtnl)
        follower_opened(follower, now_usec(), 0);
    else
        dump_requests_fail(&follower->requests, -ENOTCONN);
    return source->rtnl || follower == links_of(source);
}

/* And to close it; another one just starts over. */
static void close_for(struct source *source, struct follower *follower)
{
    int error = -standing_report(follower->standing)->dump_error;

    if (follower == links_of(source)) {
        close_socket(source, error);
        return;
    }
    if (follower->intake.dumping && source->rtnl)
        rtnl_give_up_dump(source->rtnl);
    follower_closed(follower, error);
}

/* Does what standing wants to have done, and returns when to do so again. */
static int64_t act_for(struct source *source, struct follower *follower, const struct slice *slice)
{
    struct intake *intake = &follower->intake;
    int64_t deadline = STANDING_NEVER;

    for (;;) {
        const struct follower *other = subjects_dumping(&source->subjects);

        end_dump_if_settled(source, follower);
        standing_set_busy(follower->standing, other && other != follower);
        standing_set_query(follower->standing, intake_query(intake));
        switch (standing_next(follower->standing, now_usec(), &deadline)) {
        case STANDING_OPEN:
            if (!open_for(source, follower))
                return STANDING_NEVER;
            break;
        case STANDING_CLOSE:
            close_for(source, follower);
            break;
        case STANDING_JOIN:
            follower_joined(follower, now_usec(), rtnl_join(source->rtnl, intake->subject->groups));
            break;
        case STANDING_DUMP:
            begin_dump(source, follower);
            /* Linux has made the first part of its answer when the request returns. */
            receive(source, slice);
            break;
        case STANDING_QUERY:
            ask_link(source, follower, slice);
            if (!slice_is_over(slice))
                break;
            return 0;
        case STANDING_UNANSWERED:
            intake_unanswered(intake);
            break;
        case STANDING_WAIT:
            /* Without a socket, requests for a dump fail at once. */
            if (!source->rtnl)
                dump_requests_fail(&follower->requests,
                                   -standing_report(follower->standing)->dump_error);
            return deadline;
        }
    }
}

static void end_addresses(struct source *source)
{
    struct follower *follower = &source->subjects.followers[SUBJECT_ADDRESSES];

    if (source->rtnl && follower->intake.dumping)
        rtnl_give_up_dump(source->rtnl);
    if (source->rtnl && follower->joined)
        rtnl_leave(source->rtnl, address_subject.groups);
    subjects_end_addresses(&source->subjects);
}

/* When that is to be done again. */
static int64_t end_unwanted(struct source *source)
{
    int64_t until = source->subjects.followers[SUBJECT_ADDRESSES].until;

    if (!source->subjects.addresses)
        return STANDING_NEVER;
    if (until > now_usec())
        return until;
    end_addresses(source);
    return STANDING_NEVER;
}

static void act(struct source *source, const struct slice *slice)
{
    int64_t deadline = end_unwanted(source);

    FOREACH_FOLLOWER (follower, &source->subjects)
        deadline = min_time(deadline, act_for(source, follower, slice));
    subjects_know_addresses(&source->subjects);
    wait_until(source, deadline);
}

static void run(struct source *source, const struct slice *slice)
{
    act(source, slice);
    source->clocked = false;
    source->settled(source->user);
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct source *source = io->data;
    struct slice slice = begin_slice();

    (void)loop;
    (void)events;
    FOREACH_FOLLOWER (follower, &source->subjects)
        if (follower_is_dumping(follower))
            read_clocks(source, follower);
    receive(source, &slice);
    run(source, &slice);
}

/* If there were something to read, the loop would have called on_readable() first. */
static void on_due(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct source *source = timer->data;
    struct slice slice = begin_slice();

    (void)loop;
    (void)events;
    read_clocks(source, links_of(source));
    source->clocked = true;
    if (source->rtnl && source->clean) {
        source->drained = true;
        FOREACH_FOLLOWER (follower, &source->subjects)
            standing_drained(follower->standing, now_usec());
    } else {
        receive(source, &slice);
    }
    run(source, &slice);
}

/* Some sandboxes deny netlink and leave sysfs. It is no second source: it reports no changes, and
 * not all of a link. But who reads that nothing can be seen should know what can. */
static const char *blind_hint(void)
{
    return access("/sys/class/net", R_OK | X_OK) == 0
               ? "/sys/class/net can be read here, but does not report changes"
               : NULL;
}

int source_want_addresses(struct source *source, int change)
{
    int r = subjects_want_addresses(&source->subjects, change);

    if (r >= 0)
        wait_until(source, 0);
    return r;
}

struct source *source_new(struct ev_loop *loop, const struct source_config *config,
                          const struct source_resources *resources, int socket,
                          const struct source_handlers *handlers, void *user)
{
    struct source *source = calloc(1, sizeof(*source));
    struct subjects_config subjects = {
        .budget = resources->budget, .quota = resources->quota, .clock = now_usec};

    if (!source)
        return NULL;
    subjects.standing = &source->config.standing;
    source->loop = loop;
    source->resources = *resources;
    source->config = *config;
    source->settled = handlers->settled;
    source->user = user;
    ev_init(&source->readable, on_readable);
    ev_timer_init(&source->due, on_due, 0., 0.);
    /* What happens to links goes before what consumers want. */
    ev_set_priority(&source->readable, EV_MAXPRI);
    source->readable.data = source->due.data = source;
    source->config.standing.blind_hint = blind_hint();
    source->handed = -1;
    if (!subjects_init(&source->subjects, &subjects, &handlers->subjects, user))
        return source_free(source);
    source->handed = socket;
    source->was_handed = socket >= 0;
    ev_timer_start(loop, &source->due);
    return source;
}

struct source *source_free(struct source *source)
{
    if (!source)
        return NULL;
    ev_timer_stop(source->loop, &source->due);
    if (source->rtnl)
        ev_io_stop(source->loop, &source->readable);
    rtnl_close(source->rtnl);
    if (source->handed >= 0)
        close(source->handed);
    subjects_clear(&source->subjects);
    free(source);
    return NULL;
}

void source_leave(struct source *source)
{
    close_socket(source, -ENOTCONN);
    if (source->handed >= 0)
        close(source->handed);
    source->handed = -1;
    FOREACH_FOLLOWER (follower, &source->subjects)
        standing_let_go(follower->standing);
    ev_timer_stop(source->loop, &source->due);
}

void source_return(struct source *source, int socket)
{
    source->handed = socket;
    wait_until(source, 0);
}

int source_socket(const struct source *source)
{
    return source->rtnl ? rtnl_fd(source->rtnl) : source->handed;
}

void source_reconfigure(struct source *source, const struct source_config *config)
{
    source->config = *config;
    FOREACH_FOLLOWER (follower, &source->subjects)
        standing_reconfigure(follower->standing, &config->standing);
    wait_until(source, 0);
}

const struct subjects *source_subjects(const struct source *source)
{
    return &source->subjects;
}

uint64_t source_opens(const struct source *source)
{
    return source->opens;
}

int source_receive_buffer(const struct source *source)
{
    return source->rtnl ? rtnl_receive_buffer(source->rtnl) : -ENOTCONN;
}

size_t source_count_consumers(struct source *source, int change)
{
    struct follower *follower = links_of(source);

    follower_want(follower, now_usec(), change);
    wait_until(source, 0);
    return follower->consumers;
}

struct subjects_request source_request_dump(struct source *source)
{
    struct subjects_request request = subjects_request_dump(&source->subjects);

    wait_until(source, 0);
    return request;
}
