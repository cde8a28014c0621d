/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/netns_follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "client/ctl/netns_own.h"
#include "protocol/clock.h"

/* Without notifications of the kernel, and for what failed for want of descriptors or memory. */
#define PERIOD 5000000

/* Each namespace takes three descriptors. */
static void allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* How the first of the one list relates to the first of the other; what is left at the end of
 * one comes first. */
static int compare(const struct watched *watched, const struct netns_name *name)
{
    int order;

    if (!watched || !name)
        return watched ? -1 : 1;
    order = netns_name_compare(&watched->name, name);
    if (order == 0 && !netns_name_is_same_file(&watched->name, name))
        return -1;
    return order;
}

static void end(struct watched *watched)
{
    watched_end(watched);
    watched_free(watched);
}

/* Merges two lists in the same order. */
static int merge(struct monitor *monitor, struct netns_names *names)
{
    struct watched **old = monitor->items, **items;
    size_t count = monitor->count, i = 1, j = 0;

    items = calloc(count + names->count, sizeof(struct watched *));
    if (!items)
        return -ENOMEM;
    items[0] = old[0];
    monitor->items = items;
    monitor->count = 1;
    while (i < count || j < names->count) {
        struct watched *watched = i < count ? old[i] : NULL;
        struct netns_name *name = j < names->count ? &names->items[j] : NULL;
        int order = compare(watched, name);

        if (order < 0)
            end(watched);
        else if (order == 0 || watched_new(monitor, name, &watched) >= 0)
            items[monitor->count++] = watched;
        i += order <= 0;
        j += order >= 0;
    }
    free(old);
    return 0;
}

/* A fresh one is neither settled nor has it a mirror. */
static void start_all(struct monitor *monitor)
{
    for (size_t i = 1; i < monitor->count; i++)
        if (!monitor->items[i]->mirror && (monitor->items[i]->retry || !monitor->items[i]->settled))
            watched_start(monitor->items[i]);
    /* One that it waited for may be gone. */
    monitor_settle(monitor);
}

static void read_names(struct netns_follow *follow, struct monitor *monitor)
{
    struct netns_names names = {0};
    const char *directory;
    int r;

    netns_dirs_watch(&follow->dirs);
    r = netns_names_read(&follow->own, &names, &directory);
    if (r < 0 && !follow->error_reported) {
        ctl_error("%s: %s", r == -ENOMEM ? "network namespaces" : directory, strerror(-r));
        follow->error_reported = true;
    }
    if (r != -ENOMEM && merge(monitor, &names) >= 0)
        start_all(monitor);
    netns_names_clear(&names);
}

void netns_follow_start(struct netns_follow *follow, struct monitor *monitor)
{
    *follow = (struct netns_follow){0};
    allow_descriptors();
    netns_dirs_init(&follow->dirs);
    follow->own = netns_own(monitor->ctl);
    follow->due = clock_usec(CLOCK_MONOTONIC) + PERIOD;
    read_names(follow, monitor);
}

void netns_follow_clear(struct netns_follow *follow)
{
    netns_dirs_clear(&follow->dirs);
}

void netns_follow_process(struct netns_follow *follow, struct monitor *monitor,
                          const struct pollfd fds[NETNS_DIRS_FDS], int64_t now)
{
    if (!netns_dirs_changed(&follow->dirs, fds) && now < follow->due)
        return;
    follow->due = now + PERIOD;
    read_names(follow, monitor);
}
