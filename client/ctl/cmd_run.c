/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl run. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/ctl/ctl.h"
#include "client/ctl/hook_pool.h"
#include "client/ctl/hook_state.h"
#include "client/ctl/resolve.h"
#include "protocol/clock.h"

enum { SIGNALS, MIRROR, FD_COUNT };

struct runner {
    const struct ctl *ctl;
    struct linkwatch_filter *filter;
    struct linkwatch_mirror *mirror;
    struct hook_pool *pool;
    struct hook_state state;
    int signal_fd;
    bool began;         /* the links of the beginning were reported */
    bool was_connected; /* at least once */
    bool stopping;      /* no event is handled any more */
    int code;
};

static void stop(struct runner *runner, int code)
{
    runner->code = code;
    runner->stopping = true;
    hook_pool_stop(runner->pool, clock_usec(CLOCK_MONOTONIC));
}

/* Takes a reference of what it has. An event that cannot be handled must not count as handled:
 * nothing is saved any more, and who starts it anew goes on from the state that was saved last. */
static void take(struct runner *runner, struct hook_event event)
{
    if (runner->stopping)
        return;
    if (event.before)
        linkwatch_link_ref(event.before);
    if (event.now)
        linkwatch_link_ref(event.now);
    runner->state.changed = true;
    if (hook_pool_add(runner->pool, &event) < 0)
        stop(runner, ctl_out_of_memory());
}

static void take_link(struct runner *runner, enum event_type type, struct linkwatch_link *before,
                      struct linkwatch_link *now, linkwatch_fields fields,
                      const struct linkwatch_event *event)
{
    if (event_filter_passes_link(&runner->ctl->events, type, fields))
        take(runner, (struct hook_event){.type = type,
                                         .before = before,
                                         .now = now,
                                         .learned = linkwatch_event_learned(event),
                                         .flaps = linkwatch_event_flaps(event)});
}

/* Whether it is one of the links that were there in the beginning, which are omitted. */
static bool is_omitted(const struct runner *runner)
{
    return runner->ctl->no_list && !runner->began;
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    if (!is_omitted(user))
        take_link(user, EVENT_ADD, NULL, link, 0, event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    take_link(user, EVENT_CHANGE, before, now, fields, event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    take_link(user, EVENT_REMOVE, link, NULL, 0, event);
}

static void on_lost(void *user, int64_t events)
{
    take(user, (struct hook_event){.type = EVENT_LOST, .lost = events});
}

static void on_ready(void *user)
{
    struct runner *runner = user;

    runner->began = true;
    runner->state.changed = true;
}

static void on_connected(void *user, bool resumed)
{
    struct runner *runner = user;

    runner->began = runner->began || resumed;
    runner->was_connected = true;
}

/* A service goes on until there is a daemon; a command on a terminal does not wait for the first.
 */
static void on_disconnected(void *user, int error, const char *reason)
{
    struct runner *runner = user;

    if (runner->was_connected || runner->state.directory >= 0)
        ctl_error("no connection to linkwatchd: %s; retrying", reason);
    else
        stop(runner, ctl_unreachable(runner->ctl, error));
}

static const struct linkwatch_callbacks callbacks = {
    .size = sizeof(callbacks),
    .add = on_add,
    .change = on_change,
    .remove = on_remove,
    .ready = on_ready,
    .lost = on_lost,
    .connected = on_connected,
    .disconnected = on_disconnected,
};

/* When nothing waits, so that what is saved is what commands ran for. What they did not run for is
 * reported again. */
static int64_t save_due(const struct runner *runner)
{
    bool is_handled = runner->code == EXIT_MET && hook_pool_is_idle(runner->pool);

    return is_handled ? hook_state_due(&runner->state) : INT64_MAX;
}

static void take_signals(struct runner *runner)
{
    struct signalfd_siginfo signal;

    while (read(runner->signal_fd, &signal, sizeof(signal)) == sizeof(signal))
        if (signal.ssi_signo != SIGCHLD && !runner->stopping)
            stop(runner, EXIT_MET);
}

/* The time until something is due, as poll() takes it. */
static int timeout(const struct runner *runner)
{
    int64_t first = save_due(runner), due = hook_pool_deadline(runner->pool);
    uint64_t deadline = linkwatch_mirror_deadline(runner->mirror);

    if (due < first)
        first = due;
    if (!runner->stopping && deadline < (uint64_t)first)
        first = (int64_t)deadline;
    return deadline_timeout((uint64_t)first);
}

/* Follows the daemon until a signal arrives. */
static void follow(struct runner *runner)
{
    while (!runner->stopping || hook_pool_runs(runner->pool)) {
        struct pollfd fds[FD_COUNT] = {
            [SIGNALS] = {.fd = runner->signal_fd, .events = POLLIN},
            [MIRROR] = {.fd = runner->stopping ? -1 : linkwatch_mirror_fd(runner->mirror),
                        .events = linkwatch_mirror_events(runner->mirror)},
        };

        poll(fds, FD_COUNT, timeout(runner));
        take_signals(runner);
        if (!runner->stopping)
            linkwatch_mirror_process(runner->mirror);
        if (hook_pool_process(runner->pool, clock_usec(CLOCK_MONOTONIC)) < 0)
            stop(runner, ctl_out_of_memory());
        if (clock_usec(CLOCK_MONOTONIC) >= save_due(runner))
            hook_state_save(&runner->state, runner->mirror, clock_usec(CLOCK_MONOTONIC));
    }
    if (save_due(runner) < INT64_MAX)
        hook_state_save(&runner->state, runner->mirror, clock_usec(CLOCK_MONOTONIC));
}

/* A directory that is missing is a mistake; an empty one may get hooks later. */
static int check_hooks(const struct ctl *ctl)
{
    struct stat status;

    if (!ctl->hooks)
        return EXIT_MET;
    if (stat(ctl->hooks, &status) == 0 && !S_ISDIR(status.st_mode))
        errno = ENOTDIR;
    else if (access(ctl->hooks, R_OK | X_OK) == 0)
        return EXIT_MET;
    ctl_error("the hooks in %s cannot be run: %s", ctl->hooks, strerror(errno));
    return EXIT_FAILED;
}

static int start(struct runner *runner, const struct hook_commands *commands)
{
    const struct ctl *ctl = runner->ctl;
    int r = linkwatch_mirror_new(ctl->path, runner->filter, &callbacks, runner, &runner->mirror);

    if (r >= 0 && ctl->netns_fd >= 0)
        r = linkwatch_mirror_enter(runner->mirror, ctl->netns_fd);
    if (r >= 0)
        r = linkwatch_mirror_set_hold(runner->mirror, ctl->hold_up, ctl->hold_down);
    runner->pool = hook_pool_new(commands, ctl->jobs > 0 ? ctl->jobs : CTL_JOBS);
    if (r >= 0 && !runner->pool)
        r = -ENOMEM;
    if (r >= 0) {
        hook_state_restore(&runner->state, runner->mirror);
        return EXIT_MET;
    }
    ctl_error("cannot start to monitor: %s", strerror(-r));
    return EXIT_FAILED;
}

static void clear(struct runner *runner)
{
    hook_pool_free(runner->pool);
    linkwatch_mirror_free(runner->mirror);
    linkwatch_filter_free(runner->filter);
    if (runner->signal_fd >= 0)
        close(runner->signal_fd);
    hook_state_close(&runner->state);
}

int ctl_run(const struct ctl *ctl)
{
    const struct hook_commands commands = {
        .command = ctl->command,
        .directory = ctl->hooks,
        .time_limit = ctl->timeout == LINKWATCH_FOREVER ? CTL_TIME_LIMIT
                      : ctl->timeout > 0                ? ctl->timeout
                                                        : LINKWATCH_FOREVER,
    };
    struct runner runner = {.ctl = ctl, .state = {.directory = -1}, .signal_fd = -1};
    int code = check_hooks(ctl);

    if (code == EXIT_MET)
        code = resolve_filter(ctl, &runner.filter);
    if (code == EXIT_MET)
        code = hook_state_open(&runner.state, ctl->state);
    if (code == EXIT_MET)
        code = ctl_catch_signals(true, &runner.signal_fd);
    if (code == EXIT_MET)
        code = start(&runner, &commands);
    if (code == EXIT_MET) {
        follow(&runner);
        code = runner.code;
    }
    clear(&runner);
    return code;
}
