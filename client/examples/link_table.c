/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps a table of the links up to date with a mirror, in a loop around poll(2), and prints it
 * whenever something changes. The mirror connects and reconnects by itself; the program only waits
 * for the events that the mirror requests, and then calls it.
 *
 *   cc link_table.c $(pkg-config --cflags --libs liblinkwatch) && ./a.out [GLOB...] */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/linkwatch.h" /* <linkwatch.h> outside of this tree */

struct program {
    struct linkwatch_mirror *mirror;
    bool changed;
};

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct program *program = user;

    (void)link;
    (void)event;
    program->changed = true;
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct program *program = user;

    (void)before;
    (void)now;
    (void)event;
    if (fields & (LINKWATCH_FIELD_MASK(IFNAME) | LINKWATCH_FIELD_MASK(OPERSTATE) |
                  LINKWATCH_FIELD_MASK(MTU)))
        program->changed = true;
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    on_add(user, link, event);
}

static void on_disconnected(void *user, int error, const char *reason)
{
    (void)user;
    (void)error;
    fprintf(stderr, "no connection to linkwatchd: %s\n", reason);
}

static void print_link(const struct linkwatch_link *link)
{
    const char *operstate = "?"; /* if the kernel does not report it */
    int64_t mtu = -1;
    char *name; /* with escapes: names are untrusted */

    if (linkwatch_escape(linkwatch_link_ifname(link), false, &name) < 0)
        return;
    linkwatch_link_get_string(link, LINKWATCH_FIELD_OPERSTATE, &operstate);
    linkwatch_link_get_integer(link, LINKWATCH_FIELD_MTU, &mtu);
    printf("%5d %-16s %-14s %lld\n", linkwatch_link_ifindex(link), name, operstate, (long long)mtu);
    free(name);
}

static void print_table(struct program *program)
{
    struct linkwatch_link *link;
    int ifindex = 0;

    printf("%zu links\n", linkwatch_mirror_count(program->mirror));
    while ((link = linkwatch_mirror_next(program->mirror, ifindex))) {
        print_link(link);
        ifindex = linkwatch_link_ifindex(link);
    }
    fflush(stdout);
    program->changed = false;
}

static void run(struct program *program)
{
    for (;;) {
        struct pollfd fds[] = {
            {.fd = linkwatch_mirror_fd(program->mirror),
             .events = linkwatch_mirror_events(program->mirror)},
        };

        if (poll(fds, 1, linkwatch_mirror_timeout(program->mirror)) < 0 && errno != EINTR)
            return;
        linkwatch_mirror_process(program->mirror);
        if (program->changed && linkwatch_mirror_is_ready(program->mirror))
            print_table(program);
    }
}

int main(int argc, char *argv[])
{
    static const struct linkwatch_callbacks callbacks = {
        .size = sizeof(callbacks),
        .add = on_add,
        .change = on_change,
        .remove = on_remove,
        .disconnected = on_disconnected,
    };
    struct program program = {.changed = true};
    struct linkwatch_filter *filter = NULL;
    int r = linkwatch_filter_new(&filter);

    for (int i = 1; i < argc && r >= 0; i++)
        r = linkwatch_filter_add_name(filter, argv[i]);
    if (r >= 0)
        r = linkwatch_mirror_new(NULL, filter, &callbacks, &program, &program.mirror);
    linkwatch_filter_free(filter);
    if (r < 0) {
        fprintf(stderr, "%s\n", strerror(-r));
        return 1;
    }
    run(&program);
    linkwatch_mirror_free(program.mirror);
    return 1;
}
