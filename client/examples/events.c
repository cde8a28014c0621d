/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints changes of links, in an event loop of sd-event(3): the mirror's descriptor is an I/O
 * source for the whole lifetime of the mirror, and its deadline is a timer that is set after each
 * iteration. Exits on SIGTERM and SIGINT.
 *
 *   cc events.c $(pkg-config --cflags --libs liblinkwatch libsystemd) && ./a.out */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "client/linkwatch.h" /* <linkwatch.h> outside of this tree */

struct program {
    struct linkwatch_mirror *mirror;
    sd_event_source *timer;
};

/* Names are untrusted: they may contain characters that control a terminal. */
static void print_name(const char *before, const struct linkwatch_link *link)
{
    char *name;

    if (linkwatch_escape(linkwatch_link_ifname(link), false, &name) < 0)
        return;
    printf("%s %s", before, name);
    free(name);
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    (void)user;
    (void)event;
    print_name("+", link);
    putchar('\n');
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    (void)user;
    (void)event;
    print_name("~", before);
    putchar(':');
    for (int field = 0; linkwatch_field_name(field); field++)
        if (fields & (UINT64_C(1) << field))
            printf(" %s", linkwatch_field_name(field));
    if (fields & LINKWATCH_FIELD_MASK(IFNAME))
        print_name(", now", now);
    putchar('\n');
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    (void)user;
    (void)event;
    print_name("-", link);
    putchar('\n');
}

static void on_ready(void *user)
{
    struct program *program = user;

    printf("= %zu links\n", linkwatch_mirror_count(program->mirror));
}

static void on_lost(void *user, int64_t events)
{
    (void)user;
    printf("! lost %lld events\n", (long long)events);
}

static void on_connected(void *user, bool resumed)
{
    (void)user;
    printf("! connected%s\n", resumed ? ", nothing is missing" : "");
}

static void on_disconnected(void *user, int error, const char *reason)
{
    (void)user;
    (void)error;
    printf("! %s\n", reason);
}

/* Performs all pending work of the mirror. */
static int go_on(struct program *program)
{
    int r = linkwatch_mirror_process(program->mirror);

    fflush(stdout);
    if (r < 0)
        return r;
    r = sd_event_source_set_time(program->timer, linkwatch_mirror_deadline(program->mirror));
    return r < 0 ? r : sd_event_source_set_enabled(program->timer, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *user)
{
    (void)source;
    (void)fd;
    (void)events;
    return go_on(user);
}

static int on_time(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source;
    (void)usec;
    return go_on(user);
}

/* The events of poll(2) that a mirror uses have the same values in epoll(7). */
static int run(struct program *program, sd_event *event)
{
    int r = sd_event_add_io(event, NULL, linkwatch_mirror_fd(program->mirror),
                            (uint32_t)linkwatch_mirror_events(program->mirror), on_io, program);

    if (r >= 0)
        r = sd_event_add_time(event, &program->timer, CLOCK_MONOTONIC, 0, 1, on_time, program);
    if (r >= 0)
        r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
    if (r >= 0)
        r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
    return r < 0 ? r : sd_event_loop(event);
}

int main(void)
{
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
    struct program program = {0};
    sd_event *event = NULL;
    sigset_t signals;
    int r;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    r = linkwatch_mirror_new(NULL, NULL, &callbacks, &program, &program.mirror);
    if (r >= 0)
        r = sd_event_default(&event);
    if (r >= 0)
        r = run(&program, event);
    sd_event_source_unref(program.timer);
    sd_event_unref(event);
    linkwatch_mirror_free(program.mirror);
    if (r < 0)
        fprintf(stderr, "%s\n", strerror(-r));
    return r < 0;
}
