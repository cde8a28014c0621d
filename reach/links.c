/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/links.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/linkwatch.h"
#include "reach/kernel.h"
#include "reach/last_updates.h"

/* Since Linux 5.14; older headers don't have it. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* A picture comes within milliseconds. */
#define MOMENT INT64_C(2000000)

/* Links that wait for one another because each gave its name to the next. Longer chains are
 * cut. */
#define DEPTH_MAX 64

/* As long as the kernel's, with the NUL. */
#define NAME_SIZE 16

struct removal {
    int ifindex;
    enum audience audience;
    bool moved;
    struct update_move to;
};

struct links {
    struct linkwatch_mirror *mirror;
    struct subscriptions *subscriptions;
    struct kernel *kernel;
    struct last_updates *last;
    struct removal *removals; /* to be sent together */
    int *removed;             /* their indexes */
    size_t removal_count;
    size_t removal_room;
    bool failed; /* to connect */
};

/* Links whose updates can't be sent yet: each waits for the one that points at it. */
struct waiting {
    const struct waiting *before;
    int ifindex;
    unsigned depth;
};

/* What the daemon learned from the kernel's own update, those who get these know, too. */
static enum audience audience_of(const struct linkwatch_event *event)
{
    return linkwatch_event_learned(event) == LINKWATCH_LEARNED_NOTIFICATION ? AUDIENCE_DENIED
                                                                            : AUDIENCE_ALL;
}

/* Takes over the update: NULL, for lack of memory, is a loss. */
static void send_update(struct links *links, enum audience audience, struct update *update)
{
    if (update && last_updates_set(links->last, update) < 0)
        update = update_unref(update);
    subscriptions_send(links->subscriptions, links, audience, update);
    update_unref(update);
}

/* --- Removals ---------------------------------------------------------------- */

static void refresh(struct links *links, int ifindex, enum audience audience,
                    const struct waiting *before);

/* The kernel releases a link's ports before. */
static void release_ports(struct links *links, int ifindex)
{
    int port;

    while ((port = last_updates_find_port(links->last, ifindex, links->removed,
                                          links->removal_count)) != 0) {
        refresh(links, port, AUDIENCE_DENIED, NULL);
        /* It has the same master still, or isn't there any more: that comes. */
        if (last_updates_find_port(links->last, ifindex, links->removed, links->removal_count) ==
            port)
            return;
    }
}

static void take_down(struct links *links, const struct removal *removal)
{
    const struct update *last = last_updates_find(links->last, removal->ifindex);

    if (last && update_is_up(last))
        send_update(links, removal->audience, update_taken_down(last));
}

static void remove_link(struct links *links, const struct removal *removal)
{
    const struct update *last = last_updates_find(links->last, removal->ifindex);
    struct update *update;

    if (!last)
        return;
    update = update_removed(last, removal->moved ? &removal->to : NULL);
    subscriptions_send(links->subscriptions, links, removal->audience, update);
    update_unref(update);
    last_updates_remove(links->last, removal->ifindex);
}

/* Links that go together (the ends of a veth, a link and those on top of it) are first taken
 * down, all of them, and then removed. */
static void flush_removals(struct links *links)
{
    size_t count = links->removal_count;

    for (size_t i = 0; i < count; i++)
        release_ports(links, links->removed[i]);
    for (size_t i = 0; i < count; i++)
        take_down(links, &links->removals[i]);
    for (size_t i = 0; i < count; i++)
        remove_link(links, &links->removals[i]);
    links->removal_count = 0;
}

static int make_room(struct links *links)
{
    size_t room = links->removal_room > 0 ? 2 * links->removal_room : 8;
    struct removal *removals;
    int *removed;

    if (links->removal_count < links->removal_room)
        return 0;
    removals = reallocarray(links->removals, room, sizeof(*removals));
    if (!removals)
        return -ENOMEM;
    links->removals = removals;
    removed = reallocarray(links->removed, room, sizeof(*removed));
    if (!removed)
        return -ENOMEM;
    links->removed = removed;
    links->removal_room = room;
    return 0;
}

static void add_removal(struct links *links, const struct removal *removal)
{
    if (make_room(links) < 0) {
        flush_removals(links);
        take_down(links, removal);
        remove_link(links, removal);
        return;
    }
    links->removals[links->removal_count] = *removal;
    links->removed[links->removal_count++] = removal->ifindex;
}

/* --- Links that are there ----------------------------------------------------- */

static bool is_waiting(const struct waiting *waiting, int ifindex)
{
    for (; waiting; waiting = waiting->before)
        if (waiting->ifindex == ifindex)
            return true;
    return false;
}

/* As udev did it once. What an administrator calls so as well gets a longer one. */
static void choose_free_name(const struct links *links, int ifindex, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "rename%d", ifindex);
    for (unsigned n = 0; last_updates_find_name(links->last, name, ifindex) != 0 && n < UINT16_MAX;
         n++)
        snprintf(name, NAME_SIZE, "swap%u", n);
}

static void rename_away(struct links *links, int ifindex)
{
    char name[NAME_SIZE];

    choose_free_name(links, ifindex, name);
    send_update(links, AUDIENCE_DENIED,
                update_renamed(last_updates_find(links->last, ifindex), name));
}

/* A name has one bearer at a time: whoever bore it last has another one by now, or is gone,
 * which is sent first. If it waits itself, in a swap or a longer cycle, one of them must have
 * had a name in between that nobody saw. */
static void free_name(struct links *links, const char *name, const struct waiting *waiting)
{
    int bearer = last_updates_find_name(links->last, name, waiting->ifindex);

    if (bearer == 0)
        return;
    if (waiting->depth < DEPTH_MAX && !is_waiting(waiting, bearer))
        refresh(links, bearer, AUDIENCE_DENIED, waiting);
    if (last_updates_find_name(links->last, name, waiting->ifindex) == bearer)
        rename_away(links, bearer);
}

static void tell_dependencies(struct links *links, const struct update *update,
                              const struct waiting *waiting)
{
    int master = update_master(update);

    if (master != 0 && !last_updates_find(links->last, master) && waiting->depth < DEPTH_MAX &&
        !is_waiting(waiting, master))
        refresh(links, master, AUDIENCE_DENIED, waiting);
    for (const char *name = NULL; (name = update_next_name(update, name));)
        free_name(links, name, waiting);
}

/* The link as it is now; *ret is NULL for lack of memory. */
static int ask(struct links *links, int ifindex, struct update **ret)
{
    const struct nlmsghdr *answer;
    int r = kernel_ask(links->kernel, ifindex, &answer);

    if (r < 0)
        return r;
    *ret = update_from_answer(answer, last_updates_find(links->last, ifindex));
    return 0;
}

/* What was sent to those whom the kernel denies updates; of the others nobody knows. */
static void tell_news(struct links *links, struct update *update, enum audience audience)
{
    const struct update *last =
        update ? last_updates_find(links->last, update_ifindex(update)) : NULL;

    if (!last || !update_is_same(last, update)) {
        send_update(links, audience, update);
        return;
    }
    if (audience == AUDIENCE_ALL)
        subscriptions_send(links->subscriptions, links, AUDIENCE_GRANTED, update);
    update_unref(update);
}

/* Tells of a link as it is now. Before those that wait for it, it may be that it is gone. */
static void refresh(struct links *links, int ifindex, enum audience audience,
                    const struct waiting *before)
{
    const struct waiting waiting = {
        .before = before, .ifindex = ifindex, .depth = before ? before->depth + 1 : 0};
    struct update *update;
    int r = ask(links, ifindex, &update);

    if (r == -ENODEV && before) {
        const struct removal removal = {.ifindex = ifindex, .audience = AUDIENCE_ALL};

        take_down(links, &removal);
        remove_link(links, &removal);
    }
    /* For one that vanished already, nothing is sent now or when it is removed. */
    if (r < 0)
        return;
    if (update)
        tell_dependencies(links, update, &waiting);
    tell_news(links, update, audience);
}

/* --- What the daemon reports ---------------------------------------------------- */

static void on_news(struct links *links, int ifindex, const struct linkwatch_event *event)
{
    flush_removals(links);
    /* For nobody, nothing is asked. */
    if (subscriptions_have(links->subscriptions, links, AUDIENCE_ALL))
        refresh(links, ifindex, audience_of(event), NULL);
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    on_news(user, linkwatch_link_ifindex(link), event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    (void)before;
    (void)fields;
    on_news(user, linkwatch_link_ifindex(now), event);
}

/* Where it lives on, as far as the kernel reported it to the daemon. */
static bool take_move(const struct linkwatch_event *event, struct update_move *ret)
{
    int64_t netnsid, ifindex;

    if (linkwatch_event_get_new_netnsid(event, &netnsid) < 0 ||
        linkwatch_event_get_new_ifindex(event, &ifindex) < 0)
        return false;
    *ret = (struct update_move){.netnsid = (int32_t)netnsid, .ifindex = (int32_t)ifindex};
    return true;
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct removal removal = {.ifindex = linkwatch_link_ifindex(link),
                              .audience = audience_of(event)};

    removal.moved = take_move(event, &removal.to);
    add_removal(user, &removal);
}

static bool is_gone(void *user, int ifindex)
{
    const struct links *links = user;

    return !linkwatch_mirror_get(links->mirror, ifindex);
}

/* Links that we saw before there was a daemon, and that it doesn't know any more. */
static void on_ready(void *user)
{
    struct links *links = user;
    int ifindex;

    flush_removals(links);
    while ((ifindex = last_updates_choose(links->last, is_gone, links)) != 0) {
        const struct removal removal = {.ifindex = ifindex, .audience = AUDIENCE_ALL};

        add_removal(links, &removal);
        flush_removals(links);
    }
}

static void on_disconnected(void *user, int error, const char *reason)
{
    struct links *links = user;

    (void)error;
    (void)reason;
    links->failed = true;
}

static bool knows_cookies(int fd)
{
    uint64_t cookie;
    socklen_t size = sizeof(cookie);

    return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0;
}

/* A socket of our own namespace, by which linkwatchd serves it from wherever it is itself; it knows
 * its own namespace again by the cookie. Where the kernel has none, each socket would be taken for
 * another namespace: there it is taken for granted that linkwatchd is in ours. */
static int open_own(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd >= 0 && !knows_cookies(fd)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int open_parts(struct links *links, const char *path, const struct links_sockets *sockets)
{
    static const struct linkwatch_callbacks callbacks = {
        .size = sizeof(callbacks),
        .add = on_add,
        .change = on_change,
        .remove = on_remove,
        .ready = on_ready,
        .disconnected = on_disconnected,
    };
    int r = kernel_new(sockets->asking, &links->kernel);

    if (r >= 0)
        links->last = last_updates_new();
    if (r >= 0 && !links->last)
        r = -ENOMEM;
    if (r >= 0)
        r = linkwatch_mirror_new(path, NULL, &callbacks, links, &links->mirror);
    if (r >= 0 && sockets->handed >= 0)
        r = linkwatch_mirror_enter(links->mirror, sockets->handed);
    return r;
}

int links_new(const char *path, struct subscriptions *subscriptions,
              const struct links_sockets *sockets, struct links **ret)
{
    const struct links_sockets own = {.handed = sockets ? -1 : open_own(), .asking = -1};
    struct links *links = calloc(1, sizeof(*links));
    int r = -ENOMEM;

    if (!sockets)
        sockets = &own;
    if (links) {
        links->subscriptions = subscriptions;
        r = open_parts(links, path, sockets);
    } else if (sockets->asking >= 0) {
        close(sockets->asking);
    }
    /* The mirror has a duplicate. */
    if (sockets->handed >= 0)
        close(sockets->handed);
    if (r < 0) {
        links_free(links);
        return r;
    }
    *ret = links;
    return 0;
}

struct links *links_free(struct links *links)
{
    if (!links)
        return NULL;
    if (links->mirror)
        linkwatch_mirror_free(links->mirror);
    kernel_free(links->kernel);
    last_updates_free(links->last);
    free(links->removals);
    free(links->removed);
    free(links);
    return NULL;
}

int links_fd(const struct links *links)
{
    return linkwatch_mirror_fd(links->mirror);
}

short links_events(const struct links *links)
{
    return linkwatch_mirror_events(links->mirror);
}

int links_timeout(const struct links *links)
{
    return linkwatch_mirror_timeout(links->mirror);
}

void links_process(struct links *links)
{
    linkwatch_mirror_process(links->mirror);
    flush_removals(links);
}

void links_wait(struct links *links)
{
    while (!links->failed && !linkwatch_mirror_is_ready(links->mirror))
        if (linkwatch_mirror_wait(links->mirror, MOMENT) <= 0)
            return;
    flush_removals(links);
}

/* --- Who begins to listen ------------------------------------------------------ */

static int take_known(void *user, const struct nlmsghdr *answer)
{
    struct links *links = user;
    struct update *update = update_from_answer(answer, NULL);
    int r = update ? last_updates_set(links->last, update) : -ENOMEM;

    update_unref(update);
    return r;
}

/* Linux silently ends a dump before a link that doesn't fit into a part of 32 KiB, as one
 * with many alternative names doesn't. What the daemon knows can be asked for one by one. */
static void take_missing(struct links *links)
{
    struct linkwatch_link *link = NULL;

    while ((link = linkwatch_mirror_next(links->mirror, link ? linkwatch_link_ifindex(link) : 0))) {
        const struct nlmsghdr *answer;

        if (!last_updates_find(links->last, linkwatch_link_ifindex(link)) &&
            kernel_ask(links->kernel, linkwatch_link_ifindex(link), &answer) >= 0)
            take_known(links, answer);
    }
}

void links_expect(struct links *links)
{
    if (subscriptions_have(links->subscriptions, links, AUDIENCE_ALL))
        return;
    last_updates_remove_all(links->last);
    kernel_dump(links->kernel, take_known, links);
    take_missing(links);
}
