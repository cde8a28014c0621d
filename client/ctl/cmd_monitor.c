/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl monitor. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/ctl/ctl.h"
#include "client/ctl/event_lines.h"
#include "client/ctl/netns_follow.h"
#include "client/ctl/output.h"
#include "client/ctl/resolve.h"
#include "client/ctl/watched.h"
#include "protocol/clock.h"

/* What the loop waits for: first these, then the mirrors. */
enum { SIGNALS, READER, DIRECTORIES, MIRRORS = DIRECTORIES + NETNS_DIRS_FDS };

struct loop {
    struct monitor *monitor;
    struct netns_follow follow; /* with --all-netns */
    int signal_fd;
    struct pollfd *fds;
    size_t count; /* of mirrors in there */
};

static bool follows(const struct loop *loop)
{
    return loop->monitor->ctl->all_netns;
}

static int prepare(struct loop *loop)
{
    const struct monitor *monitor = loop->monitor;
    struct pollfd *fds = reallocarray(loop->fds, MIRRORS + monitor->count, sizeof(*fds));

    if (!fds)
        return -ENOMEM;
    loop->fds = fds;
    loop->count = monitor->count;
    fds[SIGNALS] = (struct pollfd){.fd = loop->signal_fd, .events = POLLIN};
    /* Without events: POLLERR when it goes away. */
    fds[READER] = (struct pollfd){.fd = STDOUT_FILENO};
    if (follows(loop))
        netns_dirs_prepare(&loop->follow.dirs, fds + DIRECTORIES);
    else
        fds[DIRECTORIES] = fds[DIRECTORIES + 1] = (struct pollfd){.fd = -1};
    for (size_t i = 0; i < loop->count; i++) {
        const struct linkwatch_mirror *mirror = monitor->items[i]->mirror;

        fds[MIRRORS + i] = (struct pollfd){.fd = -1};
        if (!mirror)
            continue;
        fds[MIRRORS + i].fd = linkwatch_mirror_fd(mirror);
        fds[MIRRORS + i].events = linkwatch_mirror_events(mirror);
    }
    return 0;
}

/* Reports what is due, and returns the time until something is, as poll() takes it. */
static int tick(struct loop *loop)
{
    const struct monitor *monitor = loop->monitor;
    int64_t now = clock_usec(CLOCK_MONOTONIC);
    int64_t first = follows(loop) ? loop->follow.due : INT64_MAX;

    for (size_t i = 0; i < monitor->count; i++) {
        const struct linkwatch_mirror *mirror = monitor->items[i]->mirror;
        uint64_t deadline = mirror ? linkwatch_mirror_deadline(mirror) : UINT64_MAX;
        int64_t due = watched_tick(monitor->items[i], now);

        if (deadline < (uint64_t)first)
            first = (int64_t)deadline;
        if (due < first)
            first = due;
    }
    return deadline_timeout((uint64_t)first);
}

static void process_mirrors(struct loop *loop)
{
    const struct monitor *monitor = loop->monitor;

    for (size_t i = 0; i < loop->count && !monitor->finished; i++) {
        struct linkwatch_mirror *mirror = monitor->items[i]->mirror;

        if (mirror && (loop->fds[MIRRORS + i].revents || linkwatch_mirror_timeout(mirror) == 0))
            linkwatch_mirror_process(mirror);
    }
}

/* Follows the daemon until a signal arrives or the reader closes the output. */
static int run(struct loop *loop)
{
    struct monitor *monitor = loop->monitor;

    while (!monitor->finished) {
        int timeout = tick(loop);

        if (prepare(loop) < 0)
            return ctl_out_of_memory();
        if (poll(loop->fds, MIRRORS + loop->count, timeout) < 0)
            continue;
        process_mirrors(loop);
        if (follows(loop) && !monitor->finished)
            netns_follow_process(&loop->follow, monitor, loop->fds + DIRECTORIES,
                                 clock_usec(CLOCK_MONOTONIC));
        if (!output_flush(&monitor->output) || loop->fds[SIGNALS].revents ||
            loop->fds[READER].revents)
            monitor->finished = true;
    }
    return monitor->code;
}

/* Begins with the daemon's own namespace, or that of --netns. */
static int begin(struct monitor *monitor)
{
    monitor->items = calloc(1, sizeof(struct watched *));
    if (!monitor->items || watched_new(monitor, NULL, &monitor->items[0]) < 0)
        return ctl_out_of_memory();
    monitor->count = 1;
    watched_start(monitor->items[0]);
    return monitor->items[0]->mirror ? EXIT_MET : EXIT_FAILED;
}

static int monitor_links(struct monitor *monitor)
{
    struct loop loop = {.monitor = monitor, .signal_fd = -1};
    int code = ctl_catch_signals(false, &loop.signal_fd);

    if (code == EXIT_MET)
        code = begin(monitor);
    if (code == EXIT_MET) {
        if (follows(&loop))
            netns_follow_start(&loop.follow, monitor);
        code = run(&loop);
        if (follows(&loop))
            netns_follow_clear(&loop.follow);
    }
    if (loop.signal_fd >= 0)
        close(loop.signal_fd);
    free(loop.fds);
    return code;
}

int ctl_monitor(const struct ctl *ctl)
{
    struct monitor monitor = {.ctl = ctl, .code = EXIT_MET, .day = lines_today()};
    int code = resolve_filter(ctl, &monitor.filter);

    output_begin(&monitor.output, ctl->colour, false);
    if (code == EXIT_MET)
        code = monitor_links(&monitor);
    for (size_t i = 0; i < monitor.count; i++)
        watched_free(monitor.items[i]);
    free(monitor.items);
    linkwatch_filter_free(monitor.filter);
    return output_end(&monitor.output, code);
}
