/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/source.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/backoff.h"
#include "daemon/changes.h"
#include "daemon/link_subject.h"
#include "daemon/reconcile.h"
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
    struct source_handlers handlers;
    void *user;
    bool was_handed; /* its socket; there is no other */
    int handed;      /* that socket while it is not open; -1 */
    struct source_resources resources;
    struct rtnl *rtnl;
    uint64_t opens;
    struct link_objects links;
    struct address_table *addresses;
    bool addresses_known;
    struct changes changes;
    struct follower followers[SUBJECT_COUNT]; /* without standing where none is followed */
    const struct standing_report *reports[SUBJECT_COUNT]; /* likewise NULL */
    struct price_measure measured;                        /* when the clocks were read last */
    bool drained; /* the queue was read empty, and nothing came or was sent since */
    bool clean;   /* it is empty without a read: nothing came after the last dump */
    bool clocked; /* the clocks were read in this turn of the loop, and nothing was done since */
};

static int64_t now_usec(void)
{
    return clock_usec(CLOCK_MONOTONIC);
}

static struct follower *follower_of(struct source *source, enum subject_number subject)
{
    return &source->followers[subject];
}

/* The next one that follows something, after that one or the first for NULL; NULL at the end. */
static struct follower *next_follower(const struct source *source, const struct follower *follower)
{
    const struct follower *next = follower ? follower + 1 : source->followers;

    while (next < source->followers + SUBJECT_COUNT && !next->standing)
        next++;
    return next < source->followers + SUBJECT_COUNT ? (struct follower *)next : NULL;
}

#define FOREACH_FOLLOWER(follower, source)                                    \
    for (struct follower *follower = next_follower((source), NULL); follower; \
         follower = next_follower((source), follower))

/* The one whose dump is under way; NULL for none. */
static struct follower *dumping(const struct source *source)
{
    FOREACH_FOLLOWER (follower, source)
        if (follower->intake.dumping)
            return follower;
    return NULL;
}

static void on_report(void *user, const struct standing_report *before,
                      const struct standing_report *after)
{
    struct source *source = user;

    source->handlers.reported(source->user, SUBJECT_LINKS, before, after);
}

/* As long as the addresses are not known, none were reported. */
static void on_address_report(void *user, const struct standing_report *before,
                              const struct standing_report *after)
{
    struct source *source = user;

    if (source->addresses_known)
        source->handlers.reported(source->user, SUBJECT_ADDRESSES, before, after);
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

/* The one that a message is for. What stands for itself is for the one whose dump is under way; a
 * query is one for a link. */
static struct follower *addressee(struct source *source, enum rtnl_event event,
                                  const struct nlmsghdr *message)
{
    if (event == RTNL_DUMP_LINE || event == RTNL_DUMP_DONE || event == RTNL_DUMP_FAILED)
        return dumping(source);
    if (event == RTNL_NOTIFICATION)
        FOREACH_FOLLOWER (follower, source)
            if (subject_has(follower->intake.subject, message))
                return follower;
    return event == RTNL_NOTIFICATION ? NULL : follower_of(source, SUBJECT_LINKS);
}

static void on_received(void *user, enum rtnl_event event, const struct nlmsghdr *message,
                        int error)
{
    struct source *source = user;
    struct follower *given = addressee(source, event, message);

    FOREACH_FOLLOWER (follower, source) {
        intake_beside(&follower->intake, event);
        if (follower == given || event == RTNL_OVERRUN)
            intake_receive(&follower->intake, event, message, error);
    }
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
    FOREACH_FOLLOWER (follower, source) {
        follower_closed(follower, error);
        /* The links' own standing knows. */
        if (follower != follower_of(source, SUBJECT_LINKS))
            standing_let_go(follower->standing);
    }
}

static void open_socket(struct source *source)
{
    int r = -EBADF;

    if (!source->was_handed || source->handed >= 0)
        r = rtnl_open(source->handed, source->config.receive_buffer, source->resources.room,
                      on_received, source, &source->rtnl);
    source->opens++;
    if (r < 0) {
        close_socket(source, r);
    } else {
        source->handed = -1;
        ev_io_set(&source->readable, rtnl_fd(source->rtnl), EV_READ);
        ev_io_start(source->loop, &source->readable);
        source->drained = true;
    }
    FOREACH_FOLLOWER (follower, source)
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
    if (source->addresses)
        address_table_set_native(source->addresses, source_links(source)->intake.dump.native);
    r = rtnl_ask_dump(source->rtnl, follower->intake.subject->get);
    follower_dump_begun(follower, began, r);
}

/* Nothing can come but what is requested. That the queue is empty after a dump need not be seen
 * before the next one: each system call counts where it is dear (gVisor). */
static bool is_silent(const struct source *source)
{
    FOREACH_FOLLOWER (follower, source)
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
    const struct follower *follower = is_silent(source) ? dumping(source) : NULL;
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
    struct follower *was_dumping = dumping(source);
    int r;

    if (!source->rtnl)
        return;
    r = receive_batch(source, slice, &source->clean);
    source->drained = r == 0;
    if (source->addresses && address_table_lacks_link(source->addresses))
        standing_dump_soon(follower_of(source, SUBJECT_LINKS)->standing);
    if (was_dumping && was_dumping->intake.dumping)
        charge_dump(source, was_dumping);
    FOREACH_FOLLOWER (follower, source)
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
    if (follower == follower_of(source, SUBJECT_LINKS))
        open_socket(source);
    else if (source->rtnl)
        follower_opened(follower, now_usec(), 0);
    else
        dump_requests_fail(&follower->requests, -ENOTCONN);
    return source->rtnl || follower == follower_of(source, SUBJECT_LINKS);
}

/* And to close it; another one just starts over. */
static void close_for(struct source *source, struct follower *follower)
{
    int error = -standing_report(follower->standing)->dump_error;

    if (follower == follower_of(source, SUBJECT_LINKS)) {
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
        const struct follower *other = dumping(source);

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

/* What is known of addresses is known when their first dump is over, or fails. */
static void know_addresses(struct source *source)
{
    const struct follower *follower = source_addresses(source);

    if (!follower || source->addresses_known || !follower->has_dumped)
        return;
    source->addresses_known = true;
    address_table_report(source->addresses);
    source->handlers.addresses_known(source->user);
}

static void end_addresses(struct source *source)
{
    struct follower *follower = follower_of(source, SUBJECT_ADDRESSES);

    if (source->rtnl && follower->intake.dumping)
        rtnl_give_up_dump(source->rtnl);
    if (source->rtnl && follower->joined)
        rtnl_leave(source->rtnl, address_subject.groups);
    follower_clear(follower);
    source->addresses = address_table_free(source->addresses);
    source->changes.addresses = NULL;
    source->addresses_known = false;
    source->reports[SUBJECT_ADDRESSES] = NULL;
    source->handlers.addresses_over(source->user);
}

/* When that is to be done again. */
static int64_t end_unwanted(struct source *source)
{
    const struct follower *follower = source_addresses(source);

    if (follower && follower->until > now_usec())
        return follower->until;
    if (follower)
        end_addresses(source);
    return STANDING_NEVER;
}

static void act(struct source *source, const struct slice *slice)
{
    int64_t deadline = end_unwanted(source);

    FOREACH_FOLLOWER (follower, source)
        deadline = min_time(deadline, act_for(source, follower, slice));
    know_addresses(source);
    wait_until(source, deadline);
}

static void run(struct source *source, const struct slice *slice)
{
    act(source, slice);
    source->clocked = false;
    source->handlers.settled(source->user);
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct source *source = io->data;
    struct slice slice = begin_slice();

    (void)loop;
    (void)events;
    FOREACH_FOLLOWER (follower, source)
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
    read_clocks(source, follower_of(source, SUBJECT_LINKS));
    source->clocked = true;
    if (source->rtnl && source->clean) {
        source->drained = true;
        FOREACH_FOLLOWER (follower, source)
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

static bool follow(struct source *source, enum subject_number number, const struct subject *subject,
                   void *objects, standing_handler handler)
{
    struct follower *follower = follower_of(source, number);
    struct follower_config config = {.subject = subject,
                                     .objects = objects,
                                     .standing = &source->config.standing,
                                     .budget = source->resources.budget,
                                     .quota = source->resources.quota};

    if (!follower_init(follower, &config, handler, source))
        return false;
    source->reports[number] = standing_report(follower->standing);
    return true;
}

static bool follow_links(struct source *source)
{
    source->changes = (struct changes){.followers = source->followers,
                                       .clock = now_usec,
                                       .link_changed = source->handlers.changed,
                                       .address_changed = source->handlers.address_changed,
                                       .user = source->user};
    source->links.table = table_new(changes_of_link, &source->changes);
    if (!source->links.table)
        return false;
    source->links.reconcile = reconcile_new(source->links.table);
    source->links.quota = source->resources.quota;
    return source->links.reconcile &&
           follow(source, SUBJECT_LINKS, &link_subject, &source->links, on_report);
}

static bool begin_addresses(struct source *source)
{
    source->addresses = address_table_new(source->links.table, source->resources.quota, now_usec,
                                          changes_of_address, &source->changes);
    if (source->addresses &&
        follow(source, SUBJECT_ADDRESSES, &address_subject, source->addresses, on_address_report)) {
        source->changes.addresses = source->addresses;
        return true;
    }
    source->addresses = address_table_free(source->addresses);
    return false;
}

int source_follow_addresses(struct source *source, int change)
{
    struct follower *follower = follower_of(source, SUBJECT_ADDRESSES);

    if (!follower->standing && !begin_addresses(source))
        return -ENOMEM;
    follower_want(follower, now_usec(), change);
    wait_until(source, 0);
    return 0;
}

struct source *source_new(struct ev_loop *loop, const struct source_config *config,
                          const struct source_resources *resources, int socket,
                          const struct source_handlers *handlers, void *user)
{
    struct source *source = calloc(1, sizeof(*source));

    if (!source)
        return NULL;
    source->loop = loop;
    source->resources = *resources;
    source->config = *config;
    source->handlers = *handlers;
    source->user = user;
    ev_init(&source->readable, on_readable);
    ev_timer_init(&source->due, on_due, 0., 0.);
    /* What happens to links goes before what consumers want. */
    ev_set_priority(&source->readable, EV_MAXPRI);
    source->readable.data = source->due.data = source;
    source->config.standing.blind_hint = blind_hint();
    source->handed = -1;
    if (!follow_links(source))
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
    source->rtnl = NULL;
    if (source_addresses(source))
        end_addresses(source);
    follower_clear(follower_of(source, SUBJECT_LINKS));
    reconcile_free(source->links.reconcile);
    table_free(source->links.table);
    free(source);
    return NULL;
}

bool source_is_fresh(const struct source *source)
{
    return source->rtnl && source_links(source)->fresh;
}

void source_leave(struct source *source)
{
    close_socket(source, -ENOTCONN);
    if (source->handed >= 0)
        close(source->handed);
    source->handed = -1;
    FOREACH_FOLLOWER (follower, source)
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
    FOREACH_FOLLOWER (follower, source)
        standing_reconfigure(follower->standing, &config->standing);
    wait_until(source, 0);
}

const struct table *source_table(const struct source *source)
{
    return source->links.table;
}

const struct follower *source_links(const struct source *source)
{
    return &source->followers[SUBJECT_LINKS];
}

const struct follower *source_addresses(const struct source *source)
{
    const struct follower *follower = &source->followers[SUBJECT_ADDRESSES];

    return follower->standing ? follower : NULL;
}

const struct address_table *source_address_table(const struct source *source)
{
    return source->addresses_known ? source->addresses : NULL;
}

const struct standing_report *const *source_reports(const struct source *source)
{
    return source->reports;
}

struct follower_counters source_counters(const struct source *source, enum subject_number subject)
{
    return follower_counters(&source->followers[subject]);
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
    struct follower *follower = follower_of(source, SUBJECT_LINKS);

    follower_want(follower, now_usec(), change);
    wait_until(source, 0);
    return follower->consumers;
}

struct source_request source_request_dump(struct source *source)
{
    struct source_request request = {.dump = {0}};

    FOREACH_FOLLOWER (follower, source)
        request.dump[follower - source->followers] = follower_request_dump(follower, now_usec());
    wait_until(source, 0);
    return request;
}

int source_dump_done(const struct source *source, const struct source_request *request)
{
    int done = 1;

    for (int i = 0; i < SUBJECT_COUNT && done == 1; i++)
        if (request->dump[i])
            done = dump_requests_result(&source->followers[i].requests, request->dump[i]);
    return done;
}

uint64_t source_dumps_done(const struct source *source)
{
    uint64_t ended = 0;

    FOREACH_FOLLOWER (follower, source)
        ended += follower->requests.ended;
    return ended;
}
