/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/networks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/linkwatch.h"
#include "reach/process.h"
#include "reach/timeout.h"

/* Sockets that were made in other namespaces lately, and may be subscribed yet. */
#define REMEMBERED_MAX 4096
#define EVENTS_MAX     64

struct network {
    struct network *next;
    struct process_network id;
    struct reports *reports;
};

struct origin_of_socket {
    uint64_t inode;
    struct process_network id;
};

struct networks {
    const char *path;
    struct network *first; /* home is the last one */
    struct reports *home;
    struct process_network id; /* of home */
    bool compares;
    int epoll_fd;
    int64_t due; /* when the first of them has something to do, in milliseconds; -1 for never */
    size_t remembered_count; /* of all so far */
    struct origin_of_socket remembered[REMEMBERED_MAX];
};

static bool is_same(const struct process_network *a, const struct process_network *b)
{
    return a->device == b->device && a->inode == b->inode;
}

/* Takes over the reports, also if it fails. */
static int add(struct networks *networks, const struct process_network *id, struct reports *reports)
{
    struct network *network = malloc(sizeof(*network));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = reports};

    if (!network || epoll_ctl(networks->epoll_fd, EPOLL_CTL_ADD, reports_fd(reports), &event) < 0) {
        int error = network ? -errno : -ENOMEM;

        free(network);
        reports_free(reports);
        return error;
    }
    *network = (struct network){.next = networks->first, .id = *id, .reports = reports};
    networks->first = network;
    return 0;
}

static void set_due(struct networks *networks)
{
    int first = -1;

    for (const struct network *n = networks->first; n; n = n->next)
        first = timeout_min(first, reports_timeout(n->reports));
    networks->due = first < 0 ? -1 : timeout_clock() + first;
}

static int open_home(struct networks *networks)
{
    struct reports *reports;
    int r = reports_new(networks->path, NULL, &reports);

    if (r >= 0)
        r = add(networks, &networks->id, reports);
    if (r < 0)
        return r;
    networks->home = reports;
    reports_wait(reports);
    set_due(networks);
    return 0;
}

int networks_new(const char *path, pid_t program, struct networks **ret)
{
    struct networks *networks = calloc(1, sizeof(*networks));
    struct process_network theirs;
    int r;

    if (!networks)
        return -ENOMEM;
    networks->path = path;
    networks->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    /* The program has not left yet. gVisor of 2022 numbers namespaces anew for everybody. */
    networks->compares = process_get_network(getpid(), &networks->id) >= 0 &&
                         process_get_network(program, &theirs) >= 0 &&
                         is_same(&networks->id, &theirs);
    r = networks->epoll_fd < 0 ? -errno : open_home(networks);
    if (r < 0) {
        free(networks);
        return r;
    }
    *ret = networks;
    return 0;
}

static void remove_at(struct network **place)
{
    struct network *network = *place;

    *place = network->next;
    /* That takes it out of the epoll set, too. */
    reports_free(network->reports);
    free(network);
}

/* Of one that can't be seen, it is taken for granted that it is where we are. */
static bool find_elsewhere(const struct networks *networks, pid_t tid, struct process_network *ret)
{
    return networks->compares && process_get_network(tid, ret) >= 0 && !is_same(ret, &networks->id);
}

bool networks_is_elsewhere(const struct networks *networks, pid_t tid)
{
    struct process_network id;

    return find_elsewhere(networks, tid, &id);
}

void networks_remember(struct networks *networks, pid_t tid, uint64_t inode)
{
    struct process_network id;

    if (inode == 0 || !find_elsewhere(networks, tid, &id))
        return;
    networks->remembered[networks->remembered_count++ % REMEMBERED_MAX] =
        (struct origin_of_socket){.inode = inode, .id = id};
}

/* The namespace of a socket; of one that wasn't made elsewhere it is ours. */
static struct process_network recall(const struct networks *networks, uint64_t inode)
{
    size_t count = networks->remembered_count;

    for (size_t i = 1; i <= count && i <= REMEMBERED_MAX; i++) {
        const struct origin_of_socket *origin = &networks->remembered[(count - i) % REMEMBERED_MAX];

        if (origin->inode == inode)
            return origin->id;
    }
    return networks->id;
}

/* Two sockets there: one for linkwatchd, which takes what it reads, and one for us. */
static int open_sockets(const char *netns, struct reports_sockets *ret)
{
    struct reports_sockets sockets;
    int r = linkwatch_netns_open(netns, &sockets.handed);

    if (r < 0)
        return r;
    r = linkwatch_netns_open(netns, &sockets.asking);
    if (r < 0) {
        close(sockets.handed);
        return r;
    }
    *ret = sockets;
    return 0;
}

/* By the socket itself, where the kernel gives its namespace; else by the thread, if it is still
 * where it made the socket. */
static int enter(pid_t tid, const struct process_network *id, int duplicate,
                 struct reports_sockets *ret)
{
    int namespace_fd = ioctl(duplicate, SIOCGSKNS);
    struct process_network now;
    char netns[64];
    int r;

    if (namespace_fd >= 0) {
        snprintf(netns, sizeof(netns), "/proc/self/fd/%d", namespace_fd);
        r = open_sockets(netns, ret);
        close(namespace_fd);
        if (r >= 0)
            return r;
    }
    if (process_get_network(tid, &now) < 0 || !is_same(&now, id))
        return -EXDEV;
    snprintf(netns, sizeof(netns), "/proc/%d/ns/net", (int)tid);
    return open_sockets(netns, ret);
}

static int open_network(struct networks *networks, pid_t tid, const struct process_network *id,
                        int duplicate, struct subscribers **ret)
{
    struct reports_sockets sockets;
    struct reports *reports;
    int r = enter(tid, id, duplicate, &sockets);

    if (r < 0)
        return r;
    r = reports_new(networks->path, &sockets, &reports);
    if (r >= 0)
        r = add(networks, id, reports);
    if (r < 0)
        return r;
    reports_process(reports);
    set_due(networks);
    *ret = reports_subscribers(reports);
    return 0;
}

int networks_find(struct networks *networks, pid_t tid, uint64_t inode, int duplicate,
                  struct subscribers **ret)
{
    struct process_network id = recall(networks, inode);

    for (const struct network *n = networks->first; n; n = n->next)
        if (is_same(&n->id, &id)) {
            *ret = reports_subscribers(n->reports);
            return 0;
        }
    return open_network(networks, tid, &id, duplicate, ret);
}

void networks_review(struct networks *networks)
{
    struct network **place = &networks->first;

    while (*place) {
        struct network *network = *place;

        if (network->reports == networks->home ||
            !LIST_EMPTY(&reports_subscribers(network->reports)->first))
            place = &network->next;
        else
            remove_at(place);
    }
}

int networks_fd(const struct networks *networks)
{
    return networks->epoll_fd;
}

int networks_timeout(const struct networks *networks)
{
    return networks->due < 0 ? -1 : timeout_until(networks->due);
}

void networks_process(struct networks *networks)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(networks->epoll_fd, events, EVENTS_MAX, 0);

    for (int i = 0; i < n; i++)
        reports_process(events[i].data.ptr);
    if (networks_timeout(networks) == 0)
        for (const struct network *network = networks->first; network; network = network->next)
            if (reports_timeout(network->reports) == 0)
                reports_process(network->reports);
    set_due(networks);
}
