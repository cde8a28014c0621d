/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/claims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Rounds of queries until what still contradicts itself stays as it was. */
#define ROUNDS_MAX 8
/* With more claims than these that wait for each other, another dump is cheaper. */
#define WAITING_MAX 1000

#define MASTER_FIELDS (LINK_FIELD_BIT(MASTER) | LINK_FIELD_BIT(MASTER_IFINDEX))

static int compare(const struct claim *a, const struct claim *b)
{
    return (a->ifindex > b->ifindex) - (a->ifindex < b->ifindex);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(claim_tree, claim, node, compare, STATIC)

void claims_init(struct claims *claims, struct table *table)
{
    *claims = (struct claims){.table = table};
    RB_INIT(&claims->tree);
}

void claims_clear(struct claims *claims)
{
    struct claim *claim;

    while ((claim = RB_ROOT(&claims->tree))) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the tree does not have the one before */
        RB_REMOVE(claim_tree, &claims->tree, claim);
        link_unref(claim->link);
        free(claim);
    }
    claims->waiting = claims->asking = 0;
    claims->rounds = 0;
}

struct claim *claims_find(const struct claims *claims, int ifindex)
{
    struct claim key = {.ifindex = ifindex};

    return RB_FIND(claim_tree, (struct claim_tree *)&claims->tree, &key);
}

static void set_state(struct claims *claims, struct claim *claim, enum claim_state state)
{
    claims->waiting -= claim->state == CLAIM_WAITS;
    claims->asking -= claim->state == CLAIM_ASKS;
    claim->state = state;
    claims->waiting += state == CLAIM_WAITS;
    claims->asking += state == CLAIM_ASKS;
}

/* The claim on that index, made where there is none; NULL without memory. */
static struct claim *claim_on(struct claims *claims, int ifindex)
{
    struct claim *claim = claims_find(claims, ifindex);

    if (claim)
        return claim;
    claim = calloc(1, sizeof(*claim));
    if (!claim)
        return NULL;
    claim->ifindex = ifindex;
    claim->state = CLAIM_OVER;
    RB_INSERT(claim_tree, &claims->tree, claim);
    return claim;
}

/* A line of a dump that repeats the last one is to be read all the same. */
static void forget_line(const struct claims *claims, int ifindex)
{
    struct table_note *note = table_note(claims->table, ifindex);

    if (note)
        note->digest = 0;
}

static bool bears(const struct link *link, const char *name)
{
    const char *altname = NULL;

    if (!link)
        return false;
    if (strcmp(link->ifname, name) == 0)
        return true;
    while ((altname = link_next_altname(link, altname)))
        if (strcmp(altname, name) == 0)
            return true;
    return false;
}

static int master_of(const struct link *link)
{
    return link && link->known & LINK_FIELD_BIT(MASTER) ? link->master : 0;
}

/* --- what stands in the way of a claim */

enum obstacle {
    BEARER, /* a link bears the name */
    MASTER, /* a link is the master and not there */
    PORT,   /* a link is a port of the one that is gone */
};

/* True to end the walk. */
typedef bool (*obstacle_visitor)(void *user, enum obstacle obstacle, int ifindex, const char *name);

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

static bool visit_obstacles(const struct claims *claims, const struct claim *claim,
                            obstacle_visitor visit, void *user)
{
    int master = master_of(claim->link);
    const char *altname = NULL;

    if (!claim->link)
        return visit_ports(claims, claim, visit, user);
    if (visit_bearers(claims, claim, claim->link->ifname, visit, user))
        return true;
    while ((altname = link_next_altname(claim->link, altname)))
        if (visit_bearers(claims, claim, altname, visit, user))
            return true;
    return master && master != claim->ifindex && !table_find(claims->table, master) &&
           visit(user, MASTER, master, NULL);
}

static bool stop_at_first(void *user, enum obstacle obstacle, int ifindex, const char *name)
{
    (void)user;
    (void)obstacle;
    (void)ifindex;
    (void)name;
    return true;
}

static bool fits(const struct claims *claims, const struct claim *claim)
{
    return !visit_obstacles(claims, claim, stop_at_first, NULL);
}

/* --- applying */

static int put(struct claims *claims, const struct claim *given)
{
    const struct link *known = table_find(claims->table, given->ifindex);
    struct table_note *note;
    int r;

    if (!given->link) {
        table_remove(claims->table, given->ifindex, given->source, &given->moved_to);
        return 0;
    }
    if (known && given->weighed && link_is_another(known, given->link))
        table_remove(claims->table, given->ifindex, given->source, NULL);
    r = table_put(claims->table, given->link, given->source);
    note = table_note(claims->table, given->ifindex);
    if (note) {
        note->digest = r < 0 ? 0 : given->digest;
        note->missed = 0;
    }
    return r;
}

/* There was no memory for what belongs to a change that was made. Links that contradict
 * others are withdrawn, for which none is needed; the next dump has them. */
static void withdraw(struct claims *claims)
{
    struct link *link;

    while (table_contradictions(claims->table)) {
        for (int at = 0; (link = table_next(claims->table, at));) {
            at = link->ifindex;
            if (!fits(claims, &(struct claim){.ifindex = at, .link = link}))
                table_remove(claims->table, at, CHANGE_BY_DUMP, NULL);
        }
    }
}

static int put_alone(struct claims *claims, const struct claim *given)
{
    int r = put(claims, given);

    withdraw(claims);
    return r;
}

static void apply(struct claims *claims, struct claim *claim)
{
    set_state(claims, claim, CLAIM_OVER);
    if (put(claims, claim) < 0)
        claims->failed = true;
}

static void set_link(struct claim *claim, struct link *link)
{
    link_ref(link);
    link_unref(claim->link);
    claim->link = link;
}

int claims_take(struct claims *claims, const struct claim *given)
{
    bool fitting = fits(claims, given);
    struct claim *claim = claims_find(claims, given->ifindex);

    claims->age++;
    if (!claim && fitting)
        return put_alone(claims, given);
    claim = claim_on(claims, given->ifindex);
    if (!claim)
        return -ENOMEM;
    set_link(claim, given->link);
    claim->source = given->source;
    claim->weighed = given->weighed;
    claim->moved_to = given->moved_to;
    claim->digest = given->digest;
    claim->age = claims->age;
    set_state(claims, claim, fitting ? CLAIM_OVER : CLAIM_WAITS);
    if (fitting)
        return put_alone(claims, given);
    forget_line(claims, given->ifindex);
    return 0;
}

int claims_remember(struct claims *claims, int ifindex, uint64_t dump)
{
    struct claim *claim = claim_on(claims, ifindex);

    if (!claim)
        return -ENOMEM;
    claim->notified_in = dump;
    return 0;
}

int claims_ask(struct claims *claims, int ifindex)
{
    struct claim *claim = claim_on(claims, ifindex);

    if (!claim)
        return -ENOMEM;
    set_state(claims, claim, CLAIM_ASKS);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the tree has the claim */
    forget_line(claims, ifindex);
    return 0;
}

void claims_drop(struct claims *claims, int ifindex)
{
    struct claim *claim = claims_find(claims, ifindex);

    if (!claim || claim->state == CLAIM_OVER)
        return;
    set_state(claims, claim, CLAIM_OVER);
    forget_line(claims, ifindex);
    claims->unsettled++;
}

/* --- settling */

static void apply_fitting(struct claims *claims)
{
    struct claim *claim;
    bool applied = true;

    while (applied && claims->waiting) {
        applied = false;
        RB_FOREACH(claim, claim_tree, &claims->tree)
        {
            if (claim->state != CLAIM_WAITS || !fits(claims, claim))
                continue;
            apply(claims, claim);
            withdraw(claims);
            applied = true;
        }
    }
}

/* A walk through the obstacles of one claim. */
struct walk {
    struct claims *claims;
    struct claim *claim;
    bool gives_up; /* there were enough queries */
    bool found;
};

/* Without the master, of which nothing is known; the next dump may have it. */
static bool leave_master_out(struct claim *claim)
{
    struct link *copy = link_copy(claim->link);

    if (!copy)
        return false;
    copy->known &= ~MASTER_FIELDS;
    link_unref(claim->link);
    claim->link = copy;
    claim->digest = 0;
    return true;
}

/* The claim and what is known of another link contradict each other: the one with the older
 * information is queried. */
static void resolve(struct walk *walk, enum obstacle obstacle, int ifindex)
{
    struct claims *claims = walk->claims;
    struct claim *claim = walk->claim;
    const struct claim *other = claims_find(claims, ifindex);
    bool claim_is_older = other && other->age > claim->age;

    walk->found = true;
    if (walk->gives_up) {
        if (obstacle == MASTER && leave_master_out(claim))
            claims->unsettled++;
        else
            claims_drop(claims, claim->ifindex);
    } else if (claims_ask(claims, claim_is_older ? claim->ifindex : ifindex) < 0) {
        claims->failed = true;
        claims_drop(claims, claim->ifindex);
    }
}

/* Whether an obstacle goes away with what waits, or was queried. */
static bool goes_away(const struct walk *walk, enum obstacle obstacle, const struct claim *other,
                      const char *name)
{
    if (!other || other->state == CLAIM_OVER)
        return false;
    if (other->state == CLAIM_ASKS)
        return true;
    switch (obstacle) {
    case BEARER:
        return !bears(other->link, name);
    case MASTER:
        return other->link != NULL;
    case PORT:
        break;
    }
    return master_of(other->link) != walk->claim->ifindex;
}

static bool check_obstacle(void *user, enum obstacle obstacle, int ifindex, const char *name)
{
    struct walk *walk = user;

    if (!goes_away(walk, obstacle, claims_find(walk->claims, ifindex), name))
        resolve(walk, obstacle, ifindex);
    return walk->claim->state != CLAIM_WAITS || (walk->found && walk->gives_up);
}

static bool share_a_name(const struct link *a, const struct link *b)
{
    const char *altname = NULL;

    if (!a || !b)
        return false;
    if (bears(b, a->ifname))
        return true;
    while ((altname = link_next_altname(a, altname)))
        if (bears(b, altname))
            return true;
    return false;
}

static void check_rivals(struct walk *walk)
{
    struct claim *rival;

    RB_FOREACH(rival, claim_tree, &walk->claims->tree)
    {
        if (walk->claim->state != CLAIM_WAITS)
            return;
        if (rival != walk->claim && rival->state == CLAIM_WAITS &&
            share_a_name(walk->claim->link, rival->link))
            resolve(walk, BEARER, rival->ifindex);
    }
}

/* Nothing fits. True if something contradicts itself, so that it is queried, or given up. */
static bool check_all(struct claims *claims, bool gives_up)
{
    struct walk walk = {.claims = claims, .gives_up = gives_up};
    bool found = false;

    RB_FOREACH(walk.claim, claim_tree, &claims->tree)
    {
        if (walk.claim->state != CLAIM_WAITS)
            continue;
        walk.found = false;
        (void)visit_obstacles(claims, walk.claim, check_obstacle, &walk);
        if (!walk.found)
            check_rivals(&walk);
        found |= walk.found;
    }
    return found;
}

/* Whether the link of a claim, as the table has it, is in the way of another one. */
static bool contradicts(const struct claims *claims, const struct claim *claim)
{
    struct claim known = {.ifindex = claim->ifindex,
                          .link = table_find(claims->table, claim->ifindex)};

    return known.link && !fits(claims, &known);
}

static struct claim *next_of_cycle(const struct claims *claims)
{
    struct claim *claim, *next = NULL;

    RB_FOREACH(claim, claim_tree, (struct claim_tree *)&claims->tree)
    {
        if (claim->state != CLAIM_WAITS)
            continue;
        if (fits(claims, claim))
            return claim;
        if (!next || contradicts(claims, claim))
            next = claim;
    }
    return next;
}

/* The end of a link comes before what takes its place. */
static struct claim *first_of_cycle(const struct claims *claims)
{
    struct claim *claim, *first = NULL;

    RB_FOREACH(claim, claim_tree, (struct claim_tree *)&claims->tree)
    {
        if (claim->state == CLAIM_WAITS && (!first || (first->link && !claim->link)))
            first = claim;
    }
    return first;
}

/* All that waits waits for each other, and together it is consistent. */
static void apply_cycle(struct claims *claims)
{
    struct claim *claim = first_of_cycle(claims);

    while (claim) {
        apply(claims, claim);
        claim = table_contradictions(claims->table) ? next_of_cycle(claims) : NULL;
    }
    withdraw(claims);
}

static void settle(struct claims *claims)
{
    for (;;) {
        bool gives_up = claims->refused || claims->rounds >= ROUNDS_MAX;

        apply_fitting(claims);
        if (claims->asking)
            return;
        if (!claims->waiting)
            break;
        if (!check_all(claims, gives_up || claims->waiting > WAITING_MAX))
            apply_cycle(claims);
        else if (claims->asking)
            claims->rounds++;
    }
    claims_clear(claims);
}

int claims_settle(struct claims *claims)
{
    bool failed;

    settle(claims);
    failed = claims->failed;
    claims->failed = false;
    return failed ? -ENOMEM : 0;
}

int claims_query(const struct claims *claims)
{
    struct claim *claim;

    if (!claims->asking)
        return 0;
    RB_FOREACH(claim, claim_tree, (struct claim_tree *)&claims->tree)
    {
        if (claim->state == CLAIM_ASKS)
            return claim->ifindex;
    }
    return 0;
}
