/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl run. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/ctl/ctl.h"
#include "client/ctl/hook_job.h"
#include "client/ctl/hook_queue.h"
#include "client/ctl/replace_file.h"
#include "client/ctl/resolve.h"
#include "protocol/clock.h"

/* Between two times that the state is saved, in microseconds. */
#define SAVE_INTERVAL INT64_C(1000000)
#define STATE_FILE    "state"
/* More is no state of ours. */
#define STATE_MAX ((size_t)1 << 28)

enum { SIGNALS, MIRROR, FD_COUNT };

struct runner {
    const struct ctl *ctl;
    struct hook_commands commands;
    struct linkwatch_filter *filter;
    struct linkwatch_mirror *mirror;
    struct hook_queue *queue;
    struct hook_job **jobs; /* that run; NULL in free places */
    size_t jobs_max;
    int state_fd;  /* the directory; -1 for none */
    int64_t saved; /* when the state was saved last */
    bool unsaved;  /* something happened since */
    int signal_fd;
    bool began;         /* the links of the beginning were reported */
    bool was_connected; /* at least once */
    bool stopping;      /* no event is handled any more */
    int code;
};

static void stop(struct runner *runner)
{
    runner->stopping = true;
    for (size_t i = 0; i < runner->jobs_max; i++)
        if (runner->jobs[i])
            hook_job_stop(runner->jobs[i], clock_usec(CLOCK_MONOTONIC));
}

/* An event that cannot be handled must not count as handled: nothing is saved any more, and who
 * starts it anew goes on from the state that was saved last. */
static void run_out_of_memory(struct runner *runner)
{
    runner->code = ctl_out_of_memory();
    stop(runner);
}

/* Takes a reference of what it has. */
static void take(struct runner *runner, struct hook_event event)
{
    if (runner->stopping)
        return;
    if (event.before)
        linkwatch_link_ref(event.before);
    if (event.now)
        linkwatch_link_ref(event.now);
    runner->unsaved = true;
    if (hook_queue_add(runner->queue, &event) < 0)
        run_out_of_memory(runner);
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
    ((struct runner *)user)->began = true;
    ((struct runner *)user)->unsaved = true;
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

    if (runner->was_connected || runner->state_fd >= 0) {
        ctl_error("no connection to linkwatchd: %s; retrying", reason);
        return;
    }
    runner->code = ctl_unreachable(runner->ctl, error);
    runner->stopping = true;
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

/* The file as text, to be freed; NULL with errno. */
static char *read_state(int directory)
{
    int fd = openat(directory, STATE_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    char *text = NULL;
    size_t room = 0;
    ssize_t length;

    if (!file) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    length = getdelim(&text, &room, '\0', file);
    if (length < 0 || (size_t)length > STATE_MAX) {
        free(text);
        text = NULL;
        errno = EINVAL;
    }
    fclose(file);
    return text;
}

static void restore(struct runner *runner)
{
    char *text = read_state(runner->state_fd);
    int r;

    if (!text) {
        if (errno != ENOENT)
            ctl_error("the saved state cannot be read: %s; beginning anew", strerror(errno));
        return;
    }
    r = linkwatch_mirror_restore(runner->mirror, text);
    if (r == -EINVAL)
        ctl_error("the saved state is one of other links, or damaged; beginning anew");
    else if (r < 0)
        ctl_error("the saved state cannot be used: %s; beginning anew", strerror(-r));
    free(text);
}

/* When nothing waits, so that what is saved is what commands ran for. What they did not run for is
 * reported again. */
static void save(struct runner *runner, int64_t now)
{
    char *text;
    int r;

    if (runner->state_fd < 0 || !runner->unsaved || runner->code != EXIT_MET ||
        !hook_queue_is_idle(runner->queue))
        return;
    r = linkwatch_mirror_save(runner->mirror, &text);
    if (r >= 0) {
        r = replace_file(runner->state_fd, STATE_FILE, 0600, text);
        free(text);
    }
    if (r < 0 && r != -ENODATA)
        ctl_error("the state cannot be saved: %s", strerror(-r));
    runner->unsaved = false;
    runner->saved = now;
}

static int64_t save_due(const struct runner *runner)
{
    bool due = runner->state_fd >= 0 && runner->unsaved && hook_queue_is_idle(runner->queue);

    return due ? runner->saved + SAVE_INTERVAL : INT64_MAX;
}

static void begin_job(struct runner *runner, struct hook_job **place, struct hook_event *event)
{
    int ifindex = hook_event_ifindex(event);
    int r = hook_job_new(&runner->commands, event, clock_usec(CLOCK_MONOTONIC), place);

    if (r == -ENOMEM)
        run_out_of_memory(runner);
    /* What else cannot be run was reported. */
    else if (!*place)
        hook_queue_done(runner->queue, ifindex);
}

static void begin_jobs(struct runner *runner)
{
    struct hook_event event;

    for (size_t i = 0; i < runner->jobs_max && !runner->stopping; i++)
        while (!runner->stopping && !runner->jobs[i] && hook_queue_next(runner->queue, &event))
            begin_job(runner, &runner->jobs[i], &event);
}

static struct hook_job **find_job(const struct runner *runner, pid_t pid)
{
    for (size_t i = 0; i < runner->jobs_max; i++)
        if (runner->jobs[i] && hook_job_pid(runner->jobs[i]) == pid)
            return &runner->jobs[i];
    return NULL;
}

static void reap(struct runner *runner)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct hook_job **job = find_job(runner, pid);

        if (!job || !hook_job_ended(*job, status, clock_usec(CLOCK_MONOTONIC)))
            continue;
        /* What was stopped is reported again. */
        if (!runner->stopping)
            hook_queue_done(runner->queue, hook_event_ifindex(hook_job_event(*job)));
        *job = hook_job_free(*job);
    }
}

static bool has_jobs(const struct runner *runner)
{
    for (size_t i = 0; i < runner->jobs_max; i++)
        if (runner->jobs[i])
            return true;
    return false;
}

static void take_signals(struct runner *runner)
{
    struct signalfd_siginfo signal;

    while (read(runner->signal_fd, &signal, sizeof(signal)) == sizeof(signal))
        if (signal.ssi_signo != SIGCHLD)
            stop(runner);
}

/* The time until something is due, as poll() takes it. */
static int timeout(const struct runner *runner)
{
    int64_t now = clock_usec(CLOCK_MONOTONIC), first = save_due(runner);
    uint64_t deadline = linkwatch_mirror_deadline(runner->mirror);

    if (!runner->stopping && deadline < (uint64_t)first)
        first = (int64_t)deadline;
    for (size_t i = 0; i < runner->jobs_max; i++) {
        int64_t due = runner->jobs[i] ? hook_job_tick(runner->jobs[i], now) : INT64_MAX;

        if (due < first)
            first = due;
    }
    return deadline_timeout((uint64_t)first);
}

/* Follows the daemon until a signal arrives. */
static void follow(struct runner *runner)
{
    while (!runner->stopping || has_jobs(runner)) {
        struct pollfd fds[FD_COUNT] = {
            [SIGNALS] = {.fd = runner->signal_fd, .events = POLLIN},
            [MIRROR] = {.fd = runner->stopping ? -1 : linkwatch_mirror_fd(runner->mirror),
                        .events = linkwatch_mirror_events(runner->mirror)},
        };

        poll(fds, FD_COUNT, timeout(runner));
        take_signals(runner);
        reap(runner);
        if (!runner->stopping)
            linkwatch_mirror_process(runner->mirror);
        begin_jobs(runner);
        if (clock_usec(CLOCK_MONOTONIC) >= save_due(runner))
            save(runner, clock_usec(CLOCK_MONOTONIC));
    }
    save(runner, clock_usec(CLOCK_MONOTONIC));
}

static int open_state(struct runner *runner)
{
    const char *path = runner->ctl->state ? runner->ctl->state : getenv("RUNTIME_DIRECTORY");

    if (!path || !*path)
        return EXIT_MET;
    runner->state_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (runner->state_fd >= 0)
        return EXIT_MET;
    ctl_error("the directory for the state, %s, cannot be opened: %s", path, strerror(errno));
    return EXIT_FAILED;
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

static int make_mirror(struct runner *runner)
{
    const struct ctl *ctl = runner->ctl;
    int r = linkwatch_mirror_new(ctl->path, runner->filter, &callbacks, runner, &runner->mirror);

    if (r >= 0 && ctl->netns_fd >= 0)
        r = linkwatch_mirror_enter(runner->mirror, ctl->netns_fd);
    if (r >= 0)
        r = linkwatch_mirror_set_hold(runner->mirror, ctl->hold_up, ctl->hold_down);
    runner->queue = hook_queue_new(runner->jobs_max);
    runner->jobs = calloc(runner->jobs_max, sizeof(struct hook_job *));
    if (r >= 0 && (!runner->queue || !runner->jobs))
        r = -ENOMEM;
    if (r >= 0)
        return EXIT_MET;
    ctl_error("cannot start to monitor: %s", strerror(-r));
    return EXIT_FAILED;
}

static void clear(struct runner *runner)
{
    for (size_t i = 0; runner->jobs && i < runner->jobs_max; i++)
        hook_job_free(runner->jobs[i]);
    free(runner->jobs);
    hook_queue_free(runner->queue);
    linkwatch_mirror_free(runner->mirror);
    linkwatch_filter_free(runner->filter);
    if (runner->signal_fd >= 0)
        close(runner->signal_fd);
    if (runner->state_fd >= 0)
        close(runner->state_fd);
}

int ctl_run(const struct ctl *ctl)
{
    struct runner runner = {
        .ctl = ctl,
        .commands = {.command = ctl->command,
                     .directory = ctl->hooks,
                     .time_limit = ctl->timeout == LINKWATCH_FOREVER ? CTL_TIME_LIMIT
                                   : ctl->timeout > 0                ? ctl->timeout
                                                                     : LINKWATCH_FOREVER},
        .jobs_max = ctl->jobs > 0 ? ctl->jobs : CTL_JOBS,
        .state_fd = -1,
        .signal_fd = -1,
    };
    int code = check_hooks(ctl);

    if (code == EXIT_MET)
        code = resolve_filter(ctl, &runner.filter);
    if (code == EXIT_MET)
        code = open_state(&runner);
    if (code == EXIT_MET)
        code = ctl_catch_signals(true, &runner.signal_fd);
    if (code == EXIT_MET)
        code = make_mirror(&runner);
    if (code == EXIT_MET && runner.state_fd >= 0)
        restore(&runner);
    if (code == EXIT_MET) {
        follow(&runner);
        code = runner.code;
    }
    clear(&runner);
    return code;
}
