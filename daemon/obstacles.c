/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/obstacles.h"

#include <errno.h>

static int compare_int(int a, int b)
{
    return (a > b) - (a < b);
}

/* By master first, so that all that wait for one stand together. */
static int compare(const struct claim *a, const struct claim *b)
{
    int order = compare_int(a->master, b->master);

    return order ? order : compare_int(a->ifindex, b->ifindex);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(port_tree, claim, port, compare, STATIC)

void obstacles_init(struct claims *claims)
{
    TAILQ_INIT(&claims->waiting);
    TAILQ_INIT(&claims->woken);
    RB_INIT(&claims->ports);
    names_init(&claims->wanted);
}

/* The index of another link, 0 for none. */
static int master_of(const struct link *link)
{
    bool is_port = link && link->known & LINK_FIELD_BIT(MASTER);

    return is_port && link->master != link->ifindex ? link->master : 0;
}

int obstacles_master(const struct claim *claim)
{
    return claim->without_master ? 0 : master_of(claim->link);
}

static bool visit_bearers(const struct claims *claims, const struct claim *claim, const char *name,
                          obstacle_visitor visit, void *user)
{
    for (int bearer = 0; (bearer = table_bearer(claims->table, name, bearer));)
        if (bearer != claim->ifindex && visit(user, BEARER, bearer, name))
            return true;
    return false;
}

static bool visit_ports(const struct claims *claims, const struct claim *claim,
                        obstacle_visitor visit, void *user)
{
    for (int port = 0; (port = table_port(claims->table, claim->ifindex, port));)
        if (port != claim->ifindex && visit(user, PORT, port, NULL))
            return true;
    return false;
}

bool obstacles_visit(const struct claims *claims, const struct claim *claim, obstacle_visitor visit,
                     void *user)
{
    int master = obstacles_master(claim);
    const char *name = NULL;

    if (!claim->link)
        return visit_ports(claims, claim, visit, user);
    while ((name = link_next_name(claim->link, name)))
        if (visit_bearers(claims, claim, name, visit, user))
            return true;
    return master && !table_find(claims->table, master) && visit(user, MASTER, master, NULL);
}

static bool stop_at_first(void *user, enum obstacle obstacle, int ifindex, const char *name)
{
    (void)user;
    (void)obstacle;
    (void)ifindex;
    (void)name;
    return true;
}

bool obstacles_none(const struct claims *claims, const struct claim *claim)
{
    return !obstacles_visit(claims, claim, stop_at_first, NULL);
}

static bool count_obstacle(void *user, enum obstacle obstacle, int ifindex, const char *name)
{
    (void)obstacle;
    (void)ifindex;
    (void)name;
    ++*(int *)user;
    return false;
}

/* --- waiting */

static void forget_woken(struct claims *claims, struct claim *claim)
{
    if (claim->is_woken)
        TAILQ_REMOVE(&claims->woken, claim, woken);
    claim->is_woken = false;
}

void obstacles_wake(struct claims *claims, struct claim *claim)
{
    forget_woken(claims, claim);
    if (claim->obstacles == 0)
        TAILQ_INSERT_HEAD(&claims->woken, claim, woken);
    else
        TAILQ_INSERT_TAIL(&claims->woken, claim, woken);
    claim->is_woken = true;
}

struct claim *obstacles_next_woken(struct claims *claims)
{
    struct claim *claim = TAILQ_FIRST(&claims->woken);

    if (claim)
        forget_woken(claims, claim);
    return claim;
}

static void need_master(struct claims *claims, struct claim *claim, int master)
{
    if (claim->master)
        RB_REMOVE(port_tree, &claims->ports, claim);
    claim->master = master;
    if (master)
        RB_INSERT(port_tree, &claims->ports, claim);
}

int obstacles_await(struct claims *claims, struct claim *claim)
{
    if (claim->link) {
        if (link_names_init(&claim->names, claim->link) < 0)
            return -ENOMEM;
        names_insert(&claims->wanted, &claim->names, claim->link);
        need_master(claims, claim, obstacles_master(claim));
    }
    claim->state = CLAIM_WAITS;
    claim->obstacles = 0;
    (void)obstacles_visit(claims, claim, count_obstacle, &claim->obstacles);
    if (claim->link)
        TAILQ_INSERT_TAIL(&claims->waiting, claim, order);
    else
        TAILQ_INSERT_HEAD(&claims->waiting, claim, order);
    return 0;
}

void obstacles_leave(struct claims *claims, struct claim *claim)
{
    TAILQ_REMOVE(&claims->waiting, claim, order);
    forget_woken(claims, claim);
    if (!claim->link)
        return;
    need_master(claims, claim, 0);
    names_remove(&claims->wanted, &claim->names, claim->link);
    link_names_free(&claim->names, claim->link);
}

void obstacles_leave_master_out(struct claims *claims, struct claim *claim)
{
    need_master(claims, claim, 0);
    claim->without_master = true;
    claim->obstacles--;
    obstacles_wake(claims, claim);
}

static void add_obstacles(struct claims *claims, struct claim *claim, int count)
{
    claim->obstacles += count;
    /* With one obstacle less nothing is new, but that it was the last one. */
    if (count >= 0 || claim->obstacles == 0)
        obstacles_wake(claims, claim);
}

/* What a link is in the way of gets so many more obstacles. link: NULL if it is not there. */
static void add_in_way_of(struct claims *claims, int ifindex, const struct link *link, int count)
{
    struct claim key = {.master = ifindex};
    struct claim *claim = RB_NFIND(port_tree, &claims->ports, &key);
    const char *name = NULL;

    for (; claim && claim->master == ifindex; claim = RB_NEXT(port_tree, &claims->ports, claim))
        add_obstacles(claims, claim, link ? 0 : count);
    while (link && (name = link_next_name(link, name)))
        for (int by = 0; (by = names_bearer(&claims->wanted, name, by));)
            if (by != ifindex)
                add_obstacles(claims, claims_find(claims, by), count);
    claim = claims_find(claims, master_of(link));
    if (claim && claim->state == CLAIM_WAITS && !claim->link)
        add_obstacles(claims, claim, count);
}

void obstacles_follow(struct claims *claims, int ifindex, const struct link *before)
{
    if (TAILQ_EMPTY(&claims->waiting))
        return;
    add_in_way_of(claims, ifindex, before, -1);
    add_in_way_of(claims, ifindex, table_find(claims->table, ifindex), 1);
}

void obstacles_doubt(struct claims *claims, int ifindex)
{
    add_in_way_of(claims, ifindex, table_find(claims->table, ifindex), 0);
}
