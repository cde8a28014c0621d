/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/claims.h"

#include <errno.h>

#include "daemon/obstacles.h"

/* Of queries: so many rounds until what still contradicts itself stays as it was, for where links
 * change all the time no round would be the last; and so many in each, for with more another dump
 * costs the kernel less. */
#define ROUNDS_MAX  8
#define QUERIES_MAX 1000

#define MASTER_FIELDS (LINK_FIELD_BIT(MASTER) | LINK_FIELD_BIT(MASTER_IFINDEX))

void claims_init(struct claims *claims, struct table *table, struct quota *quota)
{
    *claims = (struct claims){.table = table, .quota = quota};
    RB_INIT(&claims->tree);
    TAILQ_INIT(&claims->asking);
    obstacles_init(claims);
}

/* The claim on that index, made where there is none; NULL without memory, or room. */
static struct claim *claim_on(struct claims *claims, int ifindex)
{
    struct claim *claim = claims_find(claims, ifindex);

    if (claim)
        return claim;
    claim = quota_calloc(claims->quota, 1, sizeof(*claim));
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
    struct dump_mark *mark = table_mark(claims->table, ifindex);

    if (mark)
        mark->digest = 0;
}

static void end_claim(struct claims *claims, struct claim *claim)
{
    if (claim->state == CLAIM_WAITS)
        obstacles_leave(claims, claim);
    if (claim->state == CLAIM_ASKS) {
        TAILQ_REMOVE(&claims->asking, claim, order);
        claims->asking_count--;
    }
    claim->state = CLAIM_OVER;
}

void claims_clear(struct claims *claims)
{
    struct claim *claim;

    while ((claim = RB_ROOT(&claims->tree))) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the tree does not have the one before */
        end_claim(claims, claim);
        RB_REMOVE(claim_tree, &claims->tree, claim);
        link_unref(claim->link);
        quota_free(claims->quota, claim, 1, sizeof(*claim));
    }
    claims->rounds = 0;
}

/* --- applying */

static void remove_link(struct claims *claims, int ifindex)
{
    struct link *before = link_ref(table_find(claims->table, ifindex));

    table_remove(claims->table, ifindex, CHANGE_BY_DUMP, NULL);
    obstacles_follow(claims, ifindex, before);
    link_unref(before);
}

/* The first port of the first port, and so on; the link itself if it has none. */
static int last_port(const struct claims *claims, int ifindex)
{
    int last = ifindex, port;

    for (size_t i = 0; i < table_count(claims->table); i++, last = port)
        if (!(port = table_port(claims->table, last, 0)))
            break;
    return last;
}

/* There was no memory for what belongs to a change that was made. A link that contradicts others
 * is withdrawn, after its ports, for which none is needed; the next dump has them. */
static void withdraw(struct claims *claims, int ifindex)
{
    int last;

    do {
        last = last_port(claims, ifindex);
        remove_link(claims, last);
    } while (last != ifindex);
}

static bool contradicts(const struct claims *claims, int ifindex)
{
    return !obstacles_none(
        claims, &(struct claim){.ifindex = ifindex, .link = table_find(claims->table, ifindex)});
}

static int put_link(struct claims *claims, const struct claim *given, struct link *link)
{
    const struct link *known = table_find(claims->table, given->ifindex);
    struct dump_mark *mark;
    int r;

    if (known && given->weighed && link_is_another(known, link))
        table_remove(claims->table, given->ifindex, given->source, NULL);
    r = table_put(claims->table, link, given->source);
    mark = table_mark(claims->table, given->ifindex);
    if (mark) {
        mark->digest = r < 0 || given->without_master ? 0 : given->digest;
        mark->missed = 0;
    }
    return r;
}

static int put_without_master(struct claims *claims, const struct claim *given)
{
    struct link *copy = link_copy(given->link);
    int r;

    if (!copy)
        return -ENOMEM;
    copy->known &= ~MASTER_FIELDS;
    r = put_link(claims, given, copy);
    link_unref(copy);
    return r;
}

static int put(struct claims *claims, const struct claim *given)
{
    struct link *before = link_ref(table_find(claims->table, given->ifindex));
    int r = 0;

    if (!given->link)
        table_remove(claims->table, given->ifindex, given->source, &given->moved_to);
    else if (given->without_master)
        r = put_without_master(claims, given);
    else
        r = put_link(claims, given, given->link);
    obstacles_follow(claims, given->ifindex, before);
    link_unref(before);
    if (r < 0 && contradicts(claims, given->ifindex))
        withdraw(claims, given->ifindex);
    return r;
}

static void set_link(struct claim *claim, struct link *link)
{
    link_ref(link);
    link_unref(claim->link);
    claim->link = link;
}

int claims_take(struct claims *claims, const struct claim *given)
{
    bool fitting = obstacles_none(claims, given);
    struct claim *claim = claims_find(claims, given->ifindex);

    claims->age++;
    if (!claim && fitting)
        return put(claims, given);
    claim = claim_on(claims, given->ifindex);
    if (!claim)
        return -ENOMEM;
    end_claim(claims, claim);
    set_link(claim, given->link);
    claim->source = given->source;
    claim->weighed = given->weighed;
    claim->without_master = false;
    claim->moved_to = given->moved_to;
    claim->digest = given->digest;
    claim->age = claims->age;
    if (fitting)
        return put(claims, given);
    forget_line(claims, given->ifindex);
    return obstacles_await(claims, claim);
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
    if (claim->state != CLAIM_ASKS) {
        end_claim(claims, claim);
        claim->state = CLAIM_ASKS;
        TAILQ_INSERT_TAIL(&claims->asking, claim, order);
        claims->asking_count++;
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the tree has the claim */
    forget_line(claims, ifindex);
    return 0;
}

void claims_drop(struct claims *claims, int ifindex)
{
    struct claim *claim = claims_find(claims, ifindex);

    if (!claim || claim->state == CLAIM_OVER)
        return;
    end_claim(claims, claim);
    forget_line(claims, ifindex);
    claims->unsettled++;
    obstacles_doubt(claims, ifindex);
}

/* --- settling */

/* A walk through the obstacles of one claim. */
struct walk {
    struct claims *claims;
    struct claim *claim;
    bool found;
};

static bool gives_up(const struct claims *claims)
{
    return claims->refused || claims->rounds >= ROUNDS_MAX || claims->asking_count >= QUERIES_MAX;
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
    if (gives_up(claims)) {
        if (obstacle == MASTER) {
            obstacles_leave_master_out(claims, claim);
            claims->unsettled++;
        } else {
            claims_drop(claims, claim->ifindex);
        }
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
        return names_bearer(&walk->claims->wanted, name, other->ifindex - 1) != other->ifindex;
    case MASTER:
        return other->link != NULL;
    case PORT:
        break;
    }
    return obstacles_master(other) != walk->claim->ifindex;
}

static bool check_obstacle(void *user, enum obstacle obstacle, int ifindex, const char *name)
{
    struct walk *walk = user;

    if (!goes_away(walk, obstacle, claims_find(walk->claims, ifindex), name))
        resolve(walk, obstacle, ifindex);
    return walk->claim->state != CLAIM_WAITS;
}

/* Other claims to its names. Of each that is found one no longer waits. */
static void check_rivals(struct walk *walk)
{
    const struct claim *claim = walk->claim;
    const char *name = NULL;

    while (claim->link && (name = link_next_name(claim->link, name))) {
        for (int rival = 0; (rival = names_bearer(&walk->claims->wanted, name, rival));) {
            if (rival != claim->ifindex)
                resolve(walk, BEARER, rival);
            if (claim->state != CLAIM_WAITS)
                return;
        }
    }
}

/* If the claim contradicts what does not change with the others, one of both is queried, or it is
 * given up. */
static void check(struct claims *claims, struct claim *claim)
{
    struct walk walk = {.claims = claims, .claim = claim};

    (void)obstacles_visit(claims, claim, check_obstacle, &walk);
    if (!walk.found)
        check_rivals(&walk);
}

/* What is known to go away does so together with the claim, and comes after it. */
static bool clear_way(void *user, enum obstacle obstacle, int ifindex, const char *name)
{
    struct walk *walk = user;
    struct claim *other = claims_find(walk->claims, ifindex);

    (void)name;
    if (other && other->state == CLAIM_WAITS)
        obstacles_wake(walk->claims, other);
    else if (obstacle == MASTER)
        walk->claim->without_master = true;
    else
        withdraw(walk->claims, ifindex);
    return false;
}

static void apply(struct claims *claims, struct claim *claim)
{
    struct walk walk = {.claims = claims, .claim = claim};

    end_claim(claims, claim);
    if (claim->obstacles)
        (void)obstacles_visit(claims, claim, clear_way, &walk);
    if (put(claims, claim) < 0)
        claims->failed = true;
}

static void apply_fitting(struct claims *claims, bool checks)
{
    struct claim *claim;

    while ((claim = obstacles_next_woken(claims))) {
        if (claim->obstacles == 0 && obstacles_none(claims, claim))
            apply(claims, claim);
        else if (checks)
            check(claims, claim);
    }
}

/* All that waits waits for each other, and together it is consistent: from each claim to those on
 * its obstacles. The end of a link comes before what takes its place. */
static void apply_cycle(struct claims *claims)
{
    struct claim *claim = TAILQ_FIRST(&claims->waiting);

    while (claim) {
        apply(claims, claim);
        claim = table_contradictions(claims->table) ? obstacles_next_woken(claims) : NULL;
    }
}

static void settle(struct claims *claims)
{
    struct claim *claim;

    apply_fitting(claims, false);
    if (claims->asking_count)
        return;
    for (claim = TAILQ_FIRST(&claims->waiting); claim; claim = TAILQ_NEXT(claim, order))
        obstacles_wake(claims, claim);
    while (!TAILQ_EMPTY(&claims->waiting)) {
        apply_fitting(claims, true);
        if (claims->asking_count) {
            claims->rounds++;
            return;
        }
        apply_cycle(claims);
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
    const struct claim *first = TAILQ_FIRST(&claims->asking);

    return first ? first->ifindex : 0;
}
