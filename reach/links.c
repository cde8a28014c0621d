/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/links.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reach/last_updates.h"
#include "reach/link_query.h"

/* Links that wait for one another because each gave its name to the next. Longer chains are
 * cut. */
#define DEPTH_MAX 64

/* As long as the kernel's, with the NUL. */
#define NAME_SIZE 16

/* Of a link; or of something that the link has, if there is an update. */
struct removal {
    int ifindex;
    enum audience audience;
    struct update *update;
    bool moved;
    struct link_move to;
};

struct links {
    const struct subscribers *subscribers;
    struct link_query *query;
    struct last_updates *last;
    struct removal *removals; /* to be sent together */
    int *removed;             /* the indexes of links among them */
    size_t removal_count;
    size_t removed_count;
    size_t removal_room;
};

/* Links whose updates can't be sent yet: each waits for the one that points at it. */
struct waiting {
    const struct waiting *before;
    int ifindex;
    unsigned depth;
};

static void send_to(const struct links *links, enum audience audience, struct update *update)
{
    subscribers_send(links->subscribers, RTNLGRP_LINK, audience, update);
}

/* Takes over the update: NULL, for lack of memory, is a loss. */
static void send_update(struct links *links, enum audience audience, struct update *update)
{
    if (update && last_updates_set(links->last, update) < 0)
        update = update_unref(update);
    send_to(links, audience, update);
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
                                          links->removed_count)) != 0) {
        refresh(links, port, AUDIENCE_DENIED, NULL);
        /* It has the same master still, or isn't there any more: that comes. */
        if (last_updates_find_port(links->last, ifindex, links->removed, links->removed_count) ==
            port)
            return;
    }
}

static void take_down(struct links *links, const struct removal *removal)
{
    const struct update *last = last_updates_find(links->last, removal->ifindex);

    if (last && link_update_is_up(last))
        send_update(links, removal->audience, link_update_taken_down(last));
}

static void remove_link(struct links *links, const struct removal *removal)
{
    const struct update *last = last_updates_find(links->last, removal->ifindex);
    struct update *update;

    if (!last)
        return;
    update = link_update_removed(last, removal->moved ? &removal->to : NULL);
    send_to(links, removal->audience, update);
    update_unref(update);
    last_updates_remove(links->last, removal->ifindex);
}

static void remove_one(struct links *links, const struct removal *removal)
{
    if (!removal->update) {
        remove_link(links, removal);
        return;
    }
    subscribers_send(links->subscribers, removal->update->group, removal->audience,
                     removal->update);
    update_unref(removal->update);
}

/* Links that go together (the ends of a veth, a link and those on top of it) are first taken
 * down, all of them, and then removed, with what they have. */
void links_flush(struct links *links)
{
    size_t count = links->removal_count;

    for (size_t i = 0; i < links->removed_count; i++)
        release_ports(links, links->removed[i]);
    for (size_t i = 0; i < count; i++)
        if (!links->removals[i].update)
            take_down(links, &links->removals[i]);
    for (size_t i = 0; i < count; i++)
        remove_one(links, &links->removals[i]);
    links->removal_count = links->removed_count = 0;
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
        links_flush(links);
        if (!removal->update)
            take_down(links, removal);
        remove_one(links, removal);
        return;
    }
    links->removals[links->removal_count++] = *removal;
    if (!removal->update)
        links->removed[links->removed_count++] = removal->ifindex;
}

void links_removed(struct links *links, int ifindex, enum audience audience,
                   const struct link_move *to)
{
    struct removal removal = {.ifindex = ifindex, .audience = audience, .moved = to != NULL};

    if (to)
        removal.to = *to;
    add_removal(links, &removal);
}

void links_remove_with(struct links *links, enum audience audience, struct update *update)
{
    const struct removal removal = {.audience = audience, .update = update};

    add_removal(links, &removal);
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
                link_update_renamed(last_updates_find(links->last, ifindex), name));
}

/* A name belongs to one link at a time: its last owner has another name by now, or is gone, which
 * is sent first. If the owner waits itself, in a swap or a longer cycle of names, one of these
 * links must have had a name in between that was not reported. */
static void free_name(struct links *links, const char *name, const struct waiting *waiting)
{
    int owner = last_updates_find_name(links->last, name, waiting->ifindex);

    if (owner == 0)
        return;
    if (waiting->depth < DEPTH_MAX && !is_waiting(waiting, owner))
        refresh(links, owner, AUDIENCE_DENIED, waiting);
    if (last_updates_find_name(links->last, name, waiting->ifindex) == owner)
        rename_away(links, owner);
}

static void report_dependencies(struct links *links, const struct update *update,
                                const struct waiting *waiting)
{
    int master = link_update_master(update);

    if (master != 0 && !last_updates_find(links->last, master) && waiting->depth < DEPTH_MAX &&
        !is_waiting(waiting, master))
        refresh(links, master, AUDIENCE_DENIED, waiting);
    for (const char *name = NULL; (name = link_update_next_name(update, name));)
        free_name(links, name, waiting);
}

/* The link as it is now; *ret is NULL for lack of memory. */
static int query_link(struct links *links, int ifindex, struct update **ret)
{
    const struct nlmsghdr *answer;
    int r = link_query_one(links->query, ifindex, &answer);

    if (r < 0)
        return r;
    *ret = link_update_from_answer(answer, last_updates_find(links->last, ifindex));
    return 0;
}

/* Only of subscribers whom the kernel denies updates it is known what they were sent last. */
static void report_link(struct links *links, struct update *update, enum audience audience)
{
    const struct update *last =
        update ? last_updates_find(links->last, link_update_ifindex(update)) : NULL;

    if (!last || !link_update_is_same(last, update)) {
        send_update(links, audience, update);
        return;
    }
    if (audience == AUDIENCE_ALL)
        send_to(links, AUDIENCE_GRANTED, update);
    update_unref(update);
}

/* Reports a link as it is now. Before those that wait for it, it may be that it is gone. */
static void refresh(struct links *links, int ifindex, enum audience audience,
                    const struct waiting *before)
{
    const struct waiting waiting = {
        .before = before, .ifindex = ifindex, .depth = before ? before->depth + 1 : 0};
    struct update *update;
    int r = query_link(links, ifindex, &update);

    if (r == -ENODEV && before) {
        const struct removal removal = {.ifindex = ifindex, .audience = AUDIENCE_ALL};

        take_down(links, &removal);
        remove_link(links, &removal);
    }
    /* For one that vanished already, nothing is sent now or when it is removed. */
    if (r < 0)
        return;
    if (update)
        report_dependencies(links, update, &waiting);
    report_link(links, update, audience);
}

void links_changed(struct links *links, int ifindex, enum audience audience)
{
    links_flush(links);
    refresh(links, ifindex, audience, NULL);
}

void links_keep(struct links *links, bool (*is_gone)(void *user, int ifindex), void *user)
{
    int ifindex;

    links_flush(links);
    while ((ifindex = last_updates_choose(links->last, is_gone, user)) != 0) {
        links_removed(links, ifindex, AUDIENCE_ALL, NULL);
        links_flush(links);
    }
}

/* --- What is there ------------------------------------------------------------- */

static int take_known(void *user, const struct nlmsghdr *answer)
{
    struct links *links = user;
    struct update *update = link_update_from_answer(answer, NULL);
    int r = update ? last_updates_set(links->last, update) : -ENOMEM;

    update_unref(update);
    return r;
}

void links_learn(struct links *links)
{
    last_updates_remove_all(links->last);
    link_query_all(links->query, take_known, links);
}

void links_learn_one(struct links *links, int ifindex)
{
    const struct nlmsghdr *answer;

    if (!last_updates_find(links->last, ifindex) &&
        link_query_one(links->query, ifindex, &answer) >= 0)
        take_known(links, answer);
}

int links_new(int fd, const struct subscribers *subscribers, struct links **ret)
{
    struct links *links = calloc(1, sizeof(*links));
    int r = -ENOMEM;

    if (links) {
        links->subscribers = subscribers;
        links->last = last_updates_new();
        r = links->last ? 0 : -ENOMEM;
    }
    if (r >= 0)
        r = link_query_new(fd, &links->query);
    else if (fd >= 0)
        close(fd);
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
    for (size_t i = 0; i < links->removal_count; i++)
        update_unref(links->removals[i].update);
    link_query_free(links->query);
    last_updates_free(links->last);
    free(links->removals);
    free(links->removed);
    free(links);
    return NULL;
}
