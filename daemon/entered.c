/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/entered.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <ev.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* musl 1.2.3 lacks it. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* Of the bytes for all histories, the part of the entered namespaces is one of so many. */
#define HISTORY_PART 2

/* What a socket is known by; all zero where the kernel does not say. */
struct cookie {
    uint64_t socket;
    uint64_t namespace;
};

struct place {
    TAILQ_ENTRY(place) entry; /* who was entered first stands first */
    struct entered *entered;
    struct user *user;
    struct cookie cookie;
    struct quota quota;
    struct namespace *namespace;
    struct ev_timer linger; /* active: nobody is there */
};

struct entered {
    struct ev_loop *loop;
    struct rtnl_room *room;
    struct namespace *own;
    struct budget *budget;
    struct entered_limits limits;
    struct source_config source;
    size_t history_bytes;
    struct quota links; /* what the links of all may have */
    TAILQ_HEAD(places, place) places;
    size_t count;
    size_t user_count; /* of those who have some */
};

struct entered *entered_new(struct ev_loop *loop, struct namespace *own, struct budget *budget,
                            struct rtnl_room *room)
{
    struct entered *entered = calloc(1, sizeof(*entered));

    if (!entered)
        return NULL;
    entered->loop = loop;
    entered->room = room;
    entered->own = own;
    entered->budget = budget;
    TAILQ_INIT(&entered->places);
    return entered;
}

/* Of the bytes of history each user has as much as any other, however many namespaces he has; and
 * so has each of his. */
static void share(struct entered *entered)
{
    size_t part = entered->count ? entered->history_bytes / HISTORY_PART : 0;
    struct place *place;

    namespace_set_history_bytes(entered->own, entered->history_bytes - part);
    TAILQ_FOREACH (place, &entered->places, entry)
        namespace_set_history_bytes(place->namespace,
                                    part / entered->user_count / place->user->namespaces);
}

static void add_owner(struct entered *entered, struct user *user)
{
    if (user->namespaces++ > 0)
        return;
    entered->user_count++;
    user->part.budget = entered->budget;
    user->links.above = &entered->links;
    user->links.privileged = user->lists.privileged;
}

static void drop_owner(struct entered *entered, struct user *user)
{
    if (--user->namespaces == 0)
        entered->user_count--;
    users_forget(user);
}

static void remove_place(struct place *place)
{
    struct entered *entered = place->entered;

    ev_timer_stop(entered->loop, &place->linger);
    TAILQ_REMOVE(&entered->places, place, entry);
    entered->count--;
    namespace_free(place->namespace);
    drop_owner(entered, place->user);
    free(place);
    share(entered);
}

struct entered *entered_free(struct entered *entered)
{
    struct place *place;

    if (!entered)
        return NULL;
    while ((place = TAILQ_FIRST(&entered->places)))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the list does not have the one before */
        remove_place(place);
    free(entered);
    return NULL;
}

void entered_configure(struct entered *entered, const struct entered_limits *limits,
                       const struct source_config *source, size_t history_bytes)
{
    struct place *place;

    entered->limits = *limits;
    entered->source = *source;
    entered->history_bytes = history_bytes;
    entered->links.max = limits->bytes;
    TAILQ_FOREACH (place, &entered->places, entry)
        source_reconfigure(namespace_source(place->namespace), source);
    share(entered);
}

static bool number_is(int fd, int option, int expected)
{
    int value;
    socklen_t length = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 && value == expected;
}

static bool is_connected(int fd)
{
    struct sockaddr_nl address = {0};
    socklen_t length = sizeof(address);

    return getpeername(fd, (struct sockaddr *)&address, &length) < 0 || address.nl_pid != 0 ||
           address.nl_groups != 0;
}

static bool is_usable(int fd)
{
    struct sockaddr_nl address = {0};
    socklen_t length = sizeof(address);

    return getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
           address.nl_family == AF_NETLINK && number_is(fd, SO_PROTOCOL, NETLINK_ROUTE) &&
           !is_connected(fd);
}

static uint64_t cookie_part(int fd, int option)
{
    uint64_t value;
    socklen_t length = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : 0;
}

static struct cookie cookie_of(int fd)
{
    return (struct cookie){.socket = cookie_part(fd, SO_COOKIE),
                           .namespace = cookie_part(fd, SO_NETNS_COOKIE)};
}

static bool is_own(const struct entered *entered, const struct cookie *cookie)
{
    int fd = source_socket(namespace_source(entered->own));

    return fd >= 0 && cookie->namespace && cookie_part(fd, SO_NETNS_COOKIE) == cookie->namespace;
}

/* A socket's cookie is its own as long as the machine runs. */
static struct place *find_place(struct entered *entered, const struct cookie *cookie)
{
    struct place *place;

    if (!cookie->socket)
        return NULL;
    TAILQ_FOREACH (place, &entered->places, entry)
        if (place->cookie.socket == cookie->socket && place->cookie.namespace == cookie->namespace)
            return place;
    return NULL;
}

static void on_linger_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    remove_place(timer->data);
}

static void on_abandoned(void *user)
{
    struct place *place = user;

    source_leave(namespace_source(place->namespace));
    ev_timer_set(&place->linger, ENTERED_LINGER_SECONDS, 0.);
    ev_timer_start(place->entered->loop, &place->linger);
}

/* Removes the one of those without consumers that was entered first: of a user, or of anybody for
 * NULL. False if there is none. */
static bool make_room(struct entered *entered, const struct user *user)
{
    struct place *place;

    TAILQ_FOREACH (place, &entered->places, entry) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the list does not have those removed */
        if (!ev_is_active(&place->linger) || (user && place->user != user))
            continue;
        remove_place(place);
        return true;
    }
    return false;
}

/* The limit that one more would break, NULL if there is none. */
static const char *limit_reached(struct entered *entered, const struct user *user)
{
    if (user->namespaces >= entered->limits.namespaces_per_user && !make_room(entered, user))
        return "namespaces-per-user-max";
    if (entered->count >= entered->limits.namespaces && !make_room(entered, NULL))
        return "namespaces-max";
    return NULL;
}

static struct place *new_place(struct entered *entered, struct user *user, int socket)
{
    static const struct namespace_handlers handlers = {.abandoned = on_abandoned};
    struct place *place = calloc(1, sizeof(*place));
    struct source_resources resources;

    if (!place)
        return NULL;
    place->entered = entered;
    place->user = user;
    add_owner(entered, user);
    place->quota.above = &user->links;
    resources = (struct source_resources){
        .budget = &user->part, .room = entered->room, .quota = &place->quota};
    place->namespace = namespace_new(entered->loop, NULL, &entered->source, &resources, socket,
                                     entered->history_bytes, &handlers, place);
    if (!place->namespace) {
        drop_owner(entered, user);
        free(place);
        return NULL;
    }
    ev_init(&place->linger, on_linger_over);
    place->linger.data = place;
    return place;
}

static int add_place(struct entered *entered, struct user *user, int socket,
                     const struct cookie *cookie, struct namespace **ret)
{
    struct place *place = new_place(entered, user, socket);

    if (!place) {
        close(socket);
        return -ENOMEM;
    }
    place->cookie = *cookie;
    TAILQ_INSERT_TAIL(&entered->places, place, entry);
    entered->count++;
    share(entered);
    *ret = place->namespace;
    return 0;
}

/* Somebody is there, who has this very socket; or somebody was. */
static struct namespace *join_place(struct place *place, int socket)
{
    if (ev_is_active(&place->linger)) {
        ev_timer_stop(place->entered->loop, &place->linger);
        source_return(namespace_source(place->namespace), socket);
    } else {
        close(socket);
    }
    return place->namespace;
}

int entered_enter(struct entered *entered, struct user *user, int socket, struct namespace **ret,
                  const char **ret_limit)
{
    struct cookie cookie;
    struct place *place;
    const char *limit;

    if (!is_usable(socket)) {
        close(socket);
        return -EINVAL;
    }
    cookie = cookie_of(socket);
    if (is_own(entered, &cookie)) {
        close(socket);
        *ret = entered->own;
        return 0;
    }
    place = find_place(entered, &cookie);
    if (place) {
        *ret = join_place(place, socket);
        return 0;
    }
    limit = limit_reached(entered, user);
    if (limit) {
        close(socket);
        *ret_limit = limit;
        return -EUSERS;
    }
    return add_place(entered, user, socket, &cookie, ret);
}

size_t entered_count(const struct entered *entered)
{
    return entered->count;
}

size_t entered_bytes(const struct entered *entered)
{
    return entered->links.used;
}
