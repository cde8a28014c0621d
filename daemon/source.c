/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/source.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/dump_requests.h"
#include "daemon/intake.h"
#include "daemon/notified.h"
#include "daemon/reconcile.h"
#include "daemon/rtnl.h"
#include "daemon/unconfirmed.h"

/* Before others have their turn: datagrams that are received, and how long that may take. One of
 * a notification takes some 2 us; the kernel makes those of a dump meanwhile, 150 us each. */
#define BATCH      64
#define BATCH_USEC INT64_C(100)
/* But the whole answer of a kernel that puts a dump into one datagram, and its end. */
#define BATCH_MIN 2
/* And how long links may be queried one by one. */
#define QUERIES_USEC INT64_C(1000)

struct source {
    struct ev_loop *loop;
    struct ev_io readable;
    struct ev_timer due;
    struct source_config config;
    struct source_handlers handlers;
    void *user;
    bool was_handed; /* its socket; there is no other */
    int handed;      /* that socket while it is not open; -1 */
    struct source_resources resources;
    struct rtnl *rtnl;
    struct standing *standing;
    struct table *table;
    struct reconcile *reconcile;
    struct intake intake;
    struct source_counters counters;
    struct dump_requests requests; /* of others */
    struct price_measure cost;     /* of the last dump and its queries, up to measured */
    struct price_measure measured; /* when the clocks were read last */
    bool drained; /* the queue was read empty, and nothing came or was sent since */
    bool clean;   /* it is empty without a read: nothing came after the last dump */
    bool clocked; /* the clocks were read in this turn of the loop */
    /* Links of which a group of changes that is not over shows something unexpected. */
    int unconfirmed[UNCONFIRMED_MAX];
    size_t unconfirmed_count;
    /* When the last complete dump ended: as standing reports it, and in microseconds since
     * 1970, -1 for none. */
    int64_t last_dump;
    int64_t last_dump_usec;
    bool joined;
    bool has_dumped;
    bool fresh; /* dumped since the socket was opened */
};

static int64_t now_usec(void)
{
    return clock_usec(CLOCK_MONOTONIC);
}

/* Nothing comes between changes that belong together, no change of the standing either. */
static void report_unconfirmed(struct source *source)
{
    for (size_t i = 0; i < source->unconfirmed_count; i++)
        standing_unconfirmed(source->standing, now_usec(), source->unconfirmed[i]);
    source->unconfirmed_count = 0;
}

static void on_change(void *user, const struct change *change)
{
    struct source *source = user;
    const struct link *link = change_link(change);

    if (change->source == CHANGE_BY_DUMP && change_is_notified(change) &&
        source->unconfirmed_count < UNCONFIRMED_MAX)
        source->unconfirmed[source->unconfirmed_count++] = link->ifindex;
    if (change->source == CHANGE_BY_NOTIFICATION && change->entails_more)
        standing_dump_soon(source->standing);
    standing_activate(source->standing, now_usec());
    source->handlers.changed(source->user, change);
    if (!change->more_follows)
        report_unconfirmed(source);
}

static void note_last_dump(struct source *source)
{
    int64_t last_dump = standing_report(source->standing)->last_dump;

    if (last_dump == source->last_dump)
        return;
    source->last_dump = last_dump;
    source->last_dump_usec = clock_usec(CLOCK_REALTIME);
}

static void on_report(void *user, const struct standing_report *before,
                      const struct standing_report *after)
{
    struct source *source = user;

    note_last_dump(source);
    source->handlers.reported(source->user, before, after);
}

/* The clock of CPU time takes a system call. */
static void read_clocks(struct source *source)
{
    source->measured.cpu_usec =
        standing_wants_cpu_time(source->standing) ? clock_usec(CLOCK_THREAD_CPUTIME_ID) : 0;
    source->measured.wall_usec = now_usec();
}

/* What was done since the clocks were read last was done for the dump under way. */
static void charge_dump(struct source *source)
{
    struct price_measure began = source->measured;

    read_clocks(source);
    source->cost.cpu_usec += source->measured.cpu_usec - began.cpu_usec;
    source->cost.wall_usec += source->measured.wall_usec - began.wall_usec;
}

/* A dump is over when what it left open is settled, too. */
static void end_dump_if_settled(struct source *source)
{
    struct standing_dump *dump = &source->intake.dump;
    int r;

    if (!source->intake.settling)
        return;
    charge_dump(source);
    if (reconcile_query(source->reconcile))
        return;
    source->intake.settling = false;
    dump->cost = source->cost;
    source->cost = (struct price_measure){.cpu_usec = 0};
    dump->unsettled = reconcile_unsettled(source->reconcile);
    dump->empty &= table_count(source->table) == 0;
    if (dump->error || !(dump->lines || dump->empty))
        source->counters.dumps_failed++;
    r = standing_dump_ended(source->standing, now_usec(), dump);
    note_last_dump(source);
    if (r != 0)
        dump_requests_end(&source->requests, r < 0 ? r : 0);
    if (r != 0 || source_report(source)->last_dump != STANDING_NEVER)
        source->has_dumped = source->fresh = true;
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
    source->counters.dumps_failed += source->intake.dumping || source->intake.settling;
    source->joined = false;
    intake_reset(&source->intake);
    source->has_dumped = true;
    dump_requests_fail(&source->requests, error);
}

static void open_socket(struct source *source)
{
    int r = -EBADF;

    if (!source->was_handed || source->handed >= 0)
        r = rtnl_open(source->handed, source->config.receive_buffer, source->resources.room,
                      intake_receive, &source->intake, &source->rtnl);
    source->counters.opens++;
    if (r < 0) {
        close_socket(source, r);
    } else {
        source->handed = -1;
        source->fresh = false;
        ev_io_set(&source->readable, rtnl_fd(source->rtnl), EV_READ);
        ev_io_start(source->loop, &source->readable);
        source->drained = true;
    }
    standing_opened(source->standing, now_usec(), r);
}

static void join(struct source *source)
{
    int r = rtnl_join(source->rtnl);

    source->counters.joins++;
    source->joined = r == 0;
    standing_joined(source->standing, now_usec(), r);
}

static void begin_dump(struct source *source)
{
    int64_t began = now_usec();
    int r;

    source->counters.dumps++;
    source->clean = false;
    if (!source->clocked)
        read_clocks(source);
    intake_dump_begin(&source->intake, source->drained);
    r = rtnl_ask_dump(source->rtnl);
    if (r < 0) {
        source->counters.dumps_failed++;
    } else {
        source->intake.dumping = true;
        dump_requests_begin(&source->requests);
    }
    standing_dump_begun(source->standing, began, r);
}

/* The dump is over, nothing else came, and nothing can: that the queue is empty need not be seen
 * before the next dump. Each system call counts where it is dear (gVisor). */
static bool has_all(const struct source *source)
{
    const struct intake *intake = &source->intake;
    const struct standing_dump *dump = &intake->dump;

    return intake->settling && !source->joined && intake->alone && dump->lines && !dump->error &&
           !dump->missing;
}

/* As rtnl_receive(). */
static int receive_batch(struct source *source)
{
    int64_t end = now_usec() + BATCH_USEC;
    bool was_dumping = source->intake.dumping;
    int r = 1;

    for (int i = 0; r == 1 && i < BATCH && (i < BATCH_MIN || now_usec() < end); i++) {
        r = rtnl_receive(source->rtnl, 1);
        if (was_dumping && has_all(source))
            break;
    }
    return r;
}

static void receive(struct source *source)
{
    int r;

    if (!source->rtnl)
        return;
    r = receive_batch(source);
    source->drained = r == 0;
    source->clean = r == 1 && has_all(source);
    if (source->intake.dumping)
        charge_dump(source);
    if (r < 0)
        standing_broken(source->standing, now_usec(), r);
    else if (r == 0)
        standing_drained(source->standing, now_usec());
}

static void wait_until(struct source *source, int64_t deadline)
{
    int64_t now = now_usec();

    ev_timer_stop(source->loop, &source->due);
    /* A socket that was handed in and is gone does not come back by itself. */
    if (deadline == STANDING_NEVER || (source->was_handed && source_socket(source) < 0))
        return;
    ev_now_update(source->loop);
    ev_timer_set(&source->due, deadline > now ? (double)(deadline - now) / 1e6 : 0., 0.);
    ev_timer_start(source->loop, &source->due);
}

/* What it costs counts for the dump under way, or else for the next one. */
static void ask_link(struct source *source)
{
    read_clocks(source);
    source->drained = source->clean = false;
    /* A query that could not be sent is one without an answer. */
    source->intake.asked = reconcile_query(source->reconcile);
    (void)rtnl_ask_link(source->rtnl, source->intake.asked);
    standing_asked(source->standing, now_usec());
    receive(source);
    charge_dump(source);
}

/* Does what standing wants to have done. */
static void act(struct source *source)
{
    int64_t deadline = STANDING_NEVER;
    int64_t end = now_usec() + QUERIES_USEC;

    for (;;) {
        end_dump_if_settled(source);
        standing_set_query(source->standing, reconcile_query(source->reconcile));
        switch (standing_next(source->standing, now_usec(), &deadline)) {
        case STANDING_OPEN:
            open_socket(source);
            break;
        case STANDING_CLOSE:
            close_socket(source, -source_report(source)->dump_error);
            break;
        case STANDING_JOIN:
            join(source);
            break;
        case STANDING_DUMP:
            begin_dump(source);
            /* Linux has made the first part of its answer when the request returns. */
            receive(source);
            break;
        case STANDING_QUERY:
            ask_link(source);
            if (now_usec() < end)
                break;
            wait_until(source, 0);
            return;
        case STANDING_UNANSWERED:
            intake_unanswered(&source->intake);
            break;
        case STANDING_WAIT:
            /* Without a socket, requests for a dump fail at once. */
            if (!source->rtnl)
                dump_requests_fail(&source->requests, -source_report(source)->dump_error);
            wait_until(source, deadline);
            return;
        }
    }
}

static void run(struct source *source)
{
    act(source);
    source->clocked = false;
    source->handlers.settled(source->user);
}

static void on_readable(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct source *source = io->data;

    (void)loop;
    (void)events;
    if (source->intake.dumping || source->intake.settling)
        read_clocks(source);
    receive(source);
    run(source);
}

/* If there were something to read, the loop would have called on_readable() first. */
static void on_due(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct source *source = timer->data;

    (void)loop;
    (void)events;
    read_clocks(source);
    source->clocked = true;
    if (source->rtnl && source->clean) {
        source->drained = true;
        standing_drained(source->standing, now_usec());
    } else {
        receive(source);
    }
    run(source);
}

/* Some sandboxes deny netlink and leave sysfs. It is no second source: it reports no changes, and
 * not all of a link. But who reads that nothing can be seen should know what can. */
static const char *blind_hint(void)
{
    return access("/sys/class/net", R_OK | X_OK) == 0
               ? "/sys/class/net can be read here, but is no source of changes"
               : NULL;
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
    source->last_dump = STANDING_NEVER;
    source->last_dump_usec = -1;
    ev_init(&source->readable, on_readable);
    ev_timer_init(&source->due, on_due, 0., 0.);
    /* What happens to links goes before what consumers want. */
    ev_set_priority(&source->readable, EV_MAXPRI);
    source->readable.data = source->due.data = source;
    source->config.standing.blind_hint = blind_hint();
    source->standing = standing_new(&source->config.standing, resources->budget, on_report, source);
    source->table = table_new(on_change, source);
    source->reconcile = source->table ? reconcile_new(source->table) : NULL;
    source->handed = -1;
    if (!source->standing || !source->reconcile)
        return source_free(source);
    source->intake = (struct intake){.reconcile = source->reconcile,
                                     .standing = source->standing,
                                     .quota = resources->quota,
                                     .counters = &source->counters.received};
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
    standing_free(source->standing);
    reconcile_free(source->reconcile);
    table_free(source->table);
    free(source);
    return NULL;
}

bool source_is_fresh(const struct source *source)
{
    return source->rtnl && source->fresh;
}

void source_leave(struct source *source)
{
    close_socket(source, -ENOTCONN);
    if (source->handed >= 0)
        close(source->handed);
    source->handed = -1;
    standing_let_go(source->standing);
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
    standing_reconfigure(source->standing, &config->standing);
    wait_until(source, 0);
}

const struct table *source_table(const struct source *source)
{
    return source->table;
}

const struct source_counters *source_counters(const struct source *source)
{
    return &source->counters;
}

const struct standing_report *source_report(const struct source *source)
{
    return standing_report(source->standing);
}

bool source_has_dumped(const struct source *source)
{
    return source->has_dumped;
}

int source_receive_buffer(const struct source *source)
{
    return source->rtnl ? rtnl_receive_buffer(source->rtnl) : -ENOTCONN;
}

void source_describe(const struct source *source, struct source_state *ret)
{
    const struct standing_report *report = source_report(source);
    bool failed = report->stale && report->dump_error;

    *ret = (struct source_state){
        .standing = standing_name(report->standing),
        .reason = failed ? report->dump_reason : report->reason,
        .error = failed ? report->dump_error : report->error,
        .stale = report->stale,
        .last_dump_usec = source->last_dump_usec,
    };
}

void source_set_consumers(struct source *source, size_t count)
{
    standing_consumers(source->standing, count);
    wait_until(source, 0);
}

uint64_t source_request_dump(struct source *source)
{
    standing_dump_now(source->standing);
    standing_activate(source->standing, now_usec());
    wait_until(source, 0);
    return dump_requests_add(&source->requests);
}

int source_dump_done(const struct source *source, uint64_t request)
{
    return dump_requests_result(&source->requests, request);
}

uint64_t source_dumps_done(const struct source *source)
{
    return source->requests.ended;
}
