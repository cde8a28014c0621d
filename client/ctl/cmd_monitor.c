/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl monitor. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "client/ctl/changes.h"
#include "client/ctl/ctl.h"
#include "client/ctl/link_rows.h"
#include "client/ctl/output.h"

struct monitor {
    const struct ctl *ctl;
    struct output output;
    struct linkwatch_mirror *mirror;
    int signal_fd;
    bool heard;   /* a daemon was there */
    bool started; /* the first picture was shown */
    bool finished;
    int code;
};

/* Microseconds since 1970 as the time of the day here. */
static void print_time(int64_t realtime)
{
    time_t seconds = (time_t)(realtime / 1000000);
    char text[16];
    struct tm tm;

    if (!localtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%H:%M:%S", &tm) == 0)
        strcpy(text, "--:--:--");
    printf("%s.%03d ", text, (int)(realtime / 1000 % 1000));
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void begin_line(const struct monitor *monitor, int64_t realtime, char sign,
                       enum colour colour)
{
    output_colour(&monitor->output, FAINT);
    print_time(realtime);
    output_colour(&monitor->output, PLAIN);
    output_colour(&monitor->output, colour);
    putchar(sign);
    output_colour(&monitor->output, PLAIN);
    putchar(' ');
}

static void begin_event(const struct monitor *monitor, const struct linkwatch_link *link,
                        const struct linkwatch_event *event, char sign, enum colour colour)
{
    int64_t realtime;

    if (linkwatch_event_get_realtime(event, &realtime) < 0)
        realtime = now();
    begin_line(monitor, realtime, sign, colour);
    output_colour(&monitor->output, BOLD);
    output_text(linkwatch_link_ifname(link));
    output_colour(&monitor->output, PLAIN);
    printf(" (%d)", linkwatch_link_ifindex(link));
}

static const char *learned_words(const struct linkwatch_event *event)
{
    switch (linkwatch_event_learned(event)) {
    case LINKWATCH_LEARNED_NOTIFICATION:
        return "notification";
    case LINKWATCH_LEARNED_DUMP:
        return "dump";
    case LINKWATCH_LEARNED_SNAPSHOT:
        return "snapshot";
    case LINKWATCH_LEARNED_FILTER:
        return "filter";
    case LINKWATCH_LEARNED_OTHER:
        return "otherwise";
    }
    return "?";
}

/* As ip(8) says it. */
static void print_destination(const struct linkwatch_event *event)
{
    int64_t number;

    if (linkwatch_event_get_new_netnsid(event, &number) >= 0)
        printf(" new-netnsid %lld", (long long)number);
    if (linkwatch_event_get_new_ifindex(event, &number) >= 0)
        printf(" new-ifindex %lld", (long long)number);
}

static void end_event(const struct monitor *monitor, const struct linkwatch_event *event)
{
    int64_t flaps = linkwatch_event_flaps(event);

    print_destination(event);
    if (flaps > 0) {
        output_colour(&monitor->output, YELLOW);
        printf("; the carrier changed %lld more time%s, unseen", (long long)flaps,
               flaps == 1 ? "" : "s");
        output_colour(&monitor->output, PLAIN);
    }
    output_colour(&monitor->output, FAINT);
    printf(" [%s]", learned_words(event));
    output_colour(&monitor->output, PLAIN);
    putchar('\n');
}

static bool is_text(const struct monitor *monitor)
{
    return !monitor->ctl->json;
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct monitor *monitor = user;

    if (!is_text(monitor) || !monitor->started)
        return;
    begin_event(monitor, link, event, '+', GREEN);
    changes_print_link(link, &monitor->output);
    end_event(monitor, event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *link,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct monitor *monitor = user;

    if (!is_text(monitor))
        return;
    begin_event(monitor, before, event, '~', YELLOW);
    changes_print(before, link, fields, &monitor->output);
    end_event(monitor, event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct monitor *monitor = user;

    if (!is_text(monitor))
        return;
    begin_event(monitor, link, event, '-', RED);
    if (linkwatch_event_learned(event) == LINKWATCH_LEARNED_FILTER)
        fputs(" lives on, but doesn't match any more", stdout);
    else
        changes_print_link(link, &monitor->output);
    end_event(monitor, event);
}

/* Something that isn't about a link: into the text; beside JSON, which has it in its
 * own way or must not have it. */
static void notice(struct monitor *monitor, const char *text)
{
    if (!is_text(monitor)) {
        ctl_complain("%s", text);
        return;
    }
    begin_line(monitor, now(), '!', RED);
    output_text(text);
    putchar('\n');
}

static void print_picture(struct monitor *monitor)
{
    struct table *table = links_table_new();
    struct linkwatch_link *link;
    int ifindex = 0;

    while ((link = linkwatch_mirror_next(monitor->mirror, ifindex))) {
        links_table_add(table, link);
        ifindex = linkwatch_link_ifindex(link);
    }
    if (table_print(table, &monitor->output) < 0)
        notice(monitor, "there is not enough memory to show the links");
    table_free(table);
}

static void on_ready(void *user)
{
    struct monitor *monitor = user;

    if (!monitor->started && is_text(monitor))
        print_picture(monitor);
    monitor->started = true;
}

static void on_lost(void *user, int64_t events)
{
    struct monitor *monitor = user;
    char text[128];

    if (events < 0)
        snprintf(text, sizeof(text), "the daemon was started anew; what differs now:");
    else
        snprintf(text, sizeof(text),
                 "%lld event%s lost, for they came faster than they were read; what differs now:",
                 (long long)events, events == 1 ? " was" : "s were");
    if (is_text(monitor))
        notice(monitor, text);
}

/* Before there is a picture: why there is none. */
static void tell_blindness(struct monitor *monitor, const struct linkwatch_source *source)
{
    char why[480];
    char text[512];

    ctl_describe_blindness(source, why, sizeof(why));
    snprintf(text, sizeof(text), "no links are known: %s", why);
    notice(monitor, text);
}

static void on_source(void *user, const struct linkwatch_source *source)
{
    struct monitor *monitor = user;
    char text[512];

    if (!is_text(monitor))
        return;
    if (ctl_is_blind(source)) {
        tell_blindness(monitor, source);
        return;
    }
    if (!monitor->started)
        return;
    snprintf(text, sizeof(text), "%s%s: %s", linkwatch_source_is_stale(source) ? "stale, " : "",
             linkwatch_source_standing(source), linkwatch_source_reason(source));
    notice(monitor, text);
}

static void on_connected(void *user, bool resumed)
{
    struct monitor *monitor = user;

    if (monitor->heard)
        notice(monitor, resumed ? "connected again; nothing is missing" : "connected again");
    monitor->heard = true;
}

static void on_disconnected(void *user, int error, const char *reason)
{
    struct monitor *monitor = user;
    char text[512];

    if (!monitor->heard && (error == -ENOENT || error == -ECONNREFUSED || error == -EACCES ||
                            error == -ENAMETOOLONG)) {
        monitor->code = ctl_unreachable(monitor->ctl, error);
        monitor->finished = true;
        return;
    }
    snprintf(text, sizeof(text), "no connection to linkwatchd: %s; trying again", reason);
    notice(monitor, text);
}

static void on_message(void *user, const char *json)
{
    struct monitor *monitor = user;

    puts(json);
    output_flush(&monitor->output);
}

static int make_mirror(struct monitor *monitor)
{
    struct linkwatch_callbacks callbacks = {
        .size = sizeof(callbacks),
        .add = on_add,
        .change = on_change,
        .remove = on_remove,
        .ready = on_ready,
        .lost = on_lost,
        .source = on_source,
        .connected = on_connected,
        .disconnected = on_disconnected,
        .message = is_text(monitor) ? NULL : on_message,
    };
    struct linkwatch_filter *filter;
    int code = ctl_filter(monitor->ctl, &filter);
    int r;

    if (code != EXIT_MET)
        return code;
    r = linkwatch_mirror_new(monitor->ctl->path, filter, &callbacks, monitor, &monitor->mirror);
    linkwatch_filter_free(filter);
    if (r >= 0 && monitor->ctl->netns_fd >= 0)
        r = linkwatch_mirror_enter(monitor->mirror, monitor->ctl->netns_fd);
    if (r >= 0)
        return EXIT_MET;
    ctl_complain("can't begin to monitor: %s", strerror(-r));
    return EXIT_FAILED;
}

static int catch_signals(struct monitor *monitor)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    monitor->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (monitor->signal_fd >= 0)
        return EXIT_MET;
    ctl_complain("signalfd: %s", strerror(errno));
    return EXIT_FAILED;
}

/* Follows the daemon until a signal comes, or nobody reads any more. */
static void run(struct monitor *monitor)
{
    while (!monitor->finished) {
        struct pollfd fds[] = {
            {.fd = linkwatch_mirror_fd(monitor->mirror),
             .events = linkwatch_mirror_events(monitor->mirror)},
            {.fd = monitor->signal_fd, .events = POLLIN},
            {.fd = STDOUT_FILENO}, /* tells when its reader goes away */
        };

        if (poll(fds, 3, linkwatch_mirror_timeout(monitor->mirror)) < 0)
            fds[1].revents = fds[2].revents = 0;
        linkwatch_mirror_process(monitor->mirror);
        if (!output_flush(&monitor->output) || fds[1].revents || fds[2].revents)
            monitor->finished = true;
    }
}

int ctl_monitor(const struct ctl *ctl)
{
    struct monitor monitor = {.ctl = ctl, .signal_fd = -1};

    monitor.code = make_mirror(&monitor);
    if (monitor.code == EXIT_MET)
        monitor.code = catch_signals(&monitor);
    output_begin(&monitor.output, false);
    if (monitor.code == EXIT_MET)
        run(&monitor);
    linkwatch_mirror_free(monitor.mirror);
    if (monitor.signal_fd >= 0)
        close(monitor.signal_fd);
    return output_end(&monitor.output, monitor.code);
}
