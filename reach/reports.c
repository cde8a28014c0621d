/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/reports.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/linkwatch.h"
#include "reach/address_update.h"
#include "reach/handover.h"
#include "reach/links.h"
#include "reach/timeout.h"

#define ADDRESSES (RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)

struct reports {
    struct linkwatch_mirror *mirror;
    struct subscribers subscribers;
    struct links *links;
    bool follows_addresses;
    bool failed; /* to connect */
};

/* What the daemon learned from a notification of the kernel, subscribers that get these know, too.
 */
static enum audience audience_of(const struct linkwatch_event *event)
{
    return linkwatch_event_learned(event) == LINKWATCH_LEARNED_NOTIFICATION ? AUDIENCE_DENIED
                                                                            : AUDIENCE_ALL;
}

/* Without a subscriber, nothing is queried. */
static void on_link(const struct reports *reports, int ifindex, const struct linkwatch_event *event)
{
    if (subscribers_have(&reports->subscribers, RTMGRP_LINK, AUDIENCE_ALL))
        links_changed(reports->links, ifindex, audience_of(event));
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    on_link(user, linkwatch_link_ifindex(link), event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    (void)before;
    (void)fields;
    on_link(user, linkwatch_link_ifindex(now), event);
}

/* Where it lives on, as far as the kernel reported it to the daemon. */
static bool take_move(const struct linkwatch_event *event, struct link_move *ret)
{
    int64_t netnsid, ifindex;

    if (linkwatch_event_get_new_netnsid(event, &netnsid) < 0 ||
        linkwatch_event_get_new_ifindex(event, &ifindex) < 0)
        return false;
    *ret = (struct link_move){.netnsid = (int32_t)netnsid, .ifindex = (int32_t)ifindex};
    return true;
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    const struct reports *reports = user;
    struct link_move to;
    bool moved = take_move(event, &to);

    links_removed(reports->links, linkwatch_link_ifindex(link), audience_of(event),
                  moved ? &to : NULL);
}

static bool is_wanted(const struct reports *reports, const struct linkwatch_address *address,
                      enum audience audience)
{
    uint32_t groups = policy_mask(address_update_group(address));

    return subscribers_have(&reports->subscribers, groups, audience);
}

static void send_address(struct reports *reports, const struct linkwatch_address *address,
                         const struct linkwatch_event *event)
{
    enum audience audience = audience_of(event);
    struct update *update;

    if (!is_wanted(reports, address, audience))
        return;
    links_flush(reports->links);
    update = address_update(address, RTM_NEWADDR);
    subscribers_send(&reports->subscribers, address_update_group(address), audience, update);
    update_unref(update);
}

static void on_address_add(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event)
{
    send_address(user, address, event);
}

/* In the kernel an address has no name of a link but its label. */
static void on_address_change(void *user, struct linkwatch_address *before,
                              struct linkwatch_address *now, linkwatch_fields fields,
                              const struct linkwatch_event *event)
{
    (void)before;
    if (fields & ~LINKWATCH_ADDRESS_FIELD_MASK(IFNAME))
        send_address(user, now, event);
}

static void on_address_remove(void *user, struct linkwatch_address *address,
                              const struct linkwatch_event *event)
{
    struct reports *reports = user;
    enum audience audience = audience_of(event);
    struct update *update;

    if (!is_wanted(reports, address, audience))
        return;
    update = address_update(address, RTM_DELADDR);
    if (update)
        links_remove_with(reports->links, audience, update);
    else
        subscribers_send(&reports->subscribers, address_update_group(address), audience, NULL);
}

static bool is_gone(void *user, int ifindex)
{
    const struct reports *reports = user;

    return !linkwatch_mirror_get(reports->mirror, ifindex);
}

/* Links that we saw before there was a daemon, and that it doesn't know any more. */
static void on_ready(void *user)
{
    struct reports *reports = user;

    links_keep(reports->links, is_gone, reports);
}

static void on_connected(void *user, bool resumed)
{
    struct reports *reports = user;

    (void)resumed;
    reports->failed = false;
}

static void on_disconnected(void *user, int error, const char *reason)
{
    struct reports *reports = user;

    (void)error;
    (void)reason;
    reports->failed = true;
}

/* A socket of our own namespace, by which linkwatchd serves it from wherever it is itself; it knows
 * its own namespace again by the cookie. Where the kernel has none, each socket would be taken for
 * another namespace: there it is taken for granted that linkwatchd is in ours. */
static int open_own(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd >= 0 && handover_cookie(fd) == 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int open_parts(struct reports *reports, const char *path,
                      const struct reports_sockets *sockets)
{
    static const struct linkwatch_callbacks callbacks = {
        .size = sizeof(callbacks),
        .add = on_add,
        .change = on_change,
        .remove = on_remove,
        .ready = on_ready,
        .connected = on_connected,
        .disconnected = on_disconnected,
        .address_add = on_address_add,
        .address_change = on_address_change,
        .address_remove = on_address_remove,
    };
    int r = links_new(sockets->asking, &reports->subscribers, &reports->links);

    if (r >= 0)
        r = linkwatch_mirror_new(path, NULL, &callbacks, reports, &reports->mirror);
    if (r >= 0 && sockets->handed >= 0)
        r = linkwatch_mirror_enter(reports->mirror, sockets->handed);
    return r;
}

int reports_new(const char *path, const struct reports_sockets *sockets, struct reports **ret)
{
    const struct reports_sockets own = {.handed = sockets ? -1 : open_own(), .asking = -1};
    struct reports *reports = calloc(1, sizeof(*reports));
    int r = -ENOMEM;

    if (!sockets)
        sockets = &own;
    if (reports) {
        reports->subscribers.reports = reports;
        r = open_parts(reports, path, sockets);
    } else if (sockets->asking >= 0) {
        close(sockets->asking);
    }
    /* The mirror has a duplicate. */
    if (sockets->handed >= 0)
        close(sockets->handed);
    if (r < 0) {
        reports_free(reports);
        return r;
    }
    *ret = reports;
    return 0;
}

struct reports *reports_free(struct reports *reports)
{
    if (!reports)
        return NULL;
    if (reports->mirror)
        linkwatch_mirror_free(reports->mirror);
    links_free(reports->links);
    free(reports);
    return NULL;
}

struct subscribers *reports_subscribers(struct reports *reports)
{
    return &reports->subscribers;
}

int reports_fd(const struct reports *reports)
{
    return linkwatch_mirror_fd(reports->mirror);
}

short reports_events(const struct reports *reports)
{
    return linkwatch_mirror_events(reports->mirror);
}

int reports_timeout(const struct reports *reports)
{
    return linkwatch_mirror_timeout(reports->mirror);
}

void reports_process(struct reports *reports)
{
    linkwatch_mirror_process(reports->mirror);
    links_flush(reports->links);
}

void reports_wait(struct reports *reports)
{
    int64_t end = timeout_clock() + REPORTS_WAIT_MAX;

    while (!reports->failed && !linkwatch_mirror_is_ready(reports->mirror))
        if (linkwatch_mirror_wait(reports->mirror, timeout_until(end) * INT64_C(1000)) <= 0)
            return;
    links_flush(reports->links);
}

/* What the daemon knows and a dump left out. */
static void learn_missing(const struct reports *reports)
{
    struct linkwatch_link *link = NULL;

    while ((link = linkwatch_mirror_next(reports->mirror, link ? linkwatch_link_ifindex(link) : 0)))
        links_learn_one(reports->links, linkwatch_link_ifindex(link));
}

/* What there is at first was there before anybody wanted to know. */
static void follow_addresses(struct reports *reports)
{
    if (reports->follows_addresses)
        return;
    reports->follows_addresses = true;
    linkwatch_mirror_follow_addresses(reports->mirror);
    reports_wait(reports);
}

void reports_expect(struct reports *reports, uint32_t groups)
{
    if (groups & ADDRESSES)
        follow_addresses(reports);
    if (!(groups & RTMGRP_LINK) ||
        subscribers_have(&reports->subscribers, RTMGRP_LINK, AUDIENCE_ALL))
        return;
    links_learn(reports->links);
    learn_missing(reports);
}
