/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/reconcile.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/claims.h"

/* Queries after a dump: so many, and one more for so many lines. Where more links are
 * missing, another dump is cheaper than to query each. */
#define QUERIES         2
#define LINES_PER_QUERY 8
/* After so many dumps a kernel that answered no query is queried again. */
#define REFUSED_DUMPS 64
/* The loopback link, where there is one. */
#define LOOPBACK 1

struct reconcile {
    struct table *table;
    struct claims claims;
    struct dumps dumps;
    /* Notifications were lost: a state that is notified of may be that of another link, up to
     * the end of a whole dump that has at least this number. */
    bool lossy;
    uint64_t whole_from;
};

struct reconcile *reconcile_new(struct table *table, struct quota *quota)
{
    struct reconcile *reconcile = calloc(1, sizeof(*reconcile));

    if (!reconcile)
        return NULL;
    reconcile->table = table;
    claims_init(&reconcile->claims, table, quota);
    return reconcile;
}

struct reconcile *reconcile_free(struct reconcile *reconcile)
{
    if (!reconcile)
        return NULL;
    claims_clear(&reconcile->claims);
    free(reconcile);
    return NULL;
}

void reconcile_reset(struct reconcile *reconcile)
{
    claims_clear(&reconcile->claims);
    reconcile->claims.refused = false;
    dumps_reset(&reconcile->dumps);
    reconcile_overrun(reconcile);
}

void reconcile_overrun(struct reconcile *reconcile)
{
    reconcile->lossy = true;
    reconcile->whole_from = reconcile->dumps.number + 1;
}

/* While a dump is under way it may show how claims fit. */
static int settle(struct reconcile *reconcile)
{
    return reconcile->dumps.under_way ? 0 : claims_settle(&reconcile->claims);
}

/* A notification is younger than a line of the dump under way. */
static int remember(struct reconcile *reconcile, int ifindex)
{
    struct dump_mark *mark = table_mark(reconcile->table, ifindex);

    if (mark)
        dumps_notify(&reconcile->dumps, mark);
    if (!reconcile->dumps.under_way || (mark && !claims_find(&reconcile->claims, ifindex)))
        return 0;
    return claims_remember(&reconcile->claims, ifindex, reconcile->dumps.number);
}

static int take_notification(struct reconcile *reconcile, const struct claim *given)
{
    int r = claims_take(&reconcile->claims, given);
    int remembered = remember(reconcile, given->ifindex);
    int settled = settle(reconcile);

    if (r < 0)
        return r;
    return remembered < 0 ? remembered : settled;
}

int reconcile_notified(struct reconcile *reconcile, struct link *link)
{
    return take_notification(reconcile, &(struct claim){.ifindex = link->ifindex,
                                                        .link = link,
                                                        .source = CHANGE_BY_NOTIFICATION,
                                                        .weighed = reconcile->lossy});
}

int reconcile_notified_gone(struct reconcile *reconcile, struct link *link)
{
    return take_notification(reconcile, &(struct claim){.ifindex = link->ifindex,
                                                        .source = CHANGE_BY_NOTIFICATION,
                                                        .moved_to = link->moved_to});
}

void reconcile_dump_begin(struct reconcile *reconcile)
{
    dumps_begin(&reconcile->dumps);
    reconcile->claims.unsettled = 0;
    /* It may have been the moment, and not the kernel. */
    if (reconcile->dumps.number % REFUSED_DUMPS == 0)
        reconcile->claims.refused = false;
}

static void count_line(struct reconcile *reconcile, const struct link *link)
{
    dumps_count_line(&reconcile->dumps, link->known & LINK_FIELD_BIT(OPERSTATE));
}

static void mark_dumped(struct reconcile *reconcile, int ifindex)
{
    struct dump_mark *mark = table_mark(reconcile->table, ifindex);

    if (mark)
        dumps_list(&reconcile->dumps, mark);
}

bool reconcile_dump_repeats(struct reconcile *reconcile, int ifindex, uint64_t digest)
{
    struct dump_mark *mark = table_mark(reconcile->table, ifindex);

    if (!mark || !digest || mark->digest != digest)
        return false;
    /* One such line is enough, and finding the link costs as much as all the rest. */
    if (reconcile->dumps.native)
        dumps_count_line(&reconcile->dumps, true);
    else
        count_line(reconcile, table_find(reconcile->table, ifindex));
    dumps_list(&reconcile->dumps, mark);
    return true;
}

static bool was_notified(const struct reconcile *reconcile, int ifindex, const struct claim *claim)
{
    const struct dump_mark *mark = table_mark(reconcile->table, ifindex);
    uint64_t dump = reconcile->dumps.number;

    return (mark && mark->notified_in == dump) || (claim && claim->notified_in == dump);
}

/* Whether a line differs from what is known since the dump was requested. */
static bool is_contradicted(const struct reconcile *reconcile, struct link *link)
{
    const struct claim *claim = claims_find(&reconcile->claims, link->ifindex);
    const struct link *known = table_find(reconcile->table, link->ifindex);

    if (!was_notified(reconcile, link->ifindex, claim))
        return false;
    if (claim && claim->state == CLAIM_WAITS)
        known = claim->link;
    table_resolve(reconcile->table, link);
    return !known || link_compare(known, link) != 0;
}

int reconcile_dump_line(struct reconcile *reconcile, struct link *link, uint64_t digest)
{
    int r = 0;

    count_line(reconcile, link);
    if (is_contradicted(reconcile, link))
        r = claims_ask(&reconcile->claims, link->ifindex);
    else if (!was_notified(reconcile, link->ifindex,
                           claims_find(&reconcile->claims, link->ifindex)))
        r = claims_take(&reconcile->claims, &(struct claim){.ifindex = link->ifindex,
                                                            .link = link,
                                                            .source = CHANGE_BY_DUMP,
                                                            .weighed = true,
                                                            .digest = digest});
    mark_dumped(reconcile, link->ifindex);
    return r;
}

void reconcile_dump_line_without_room(struct reconcile *reconcile, int ifindex)
{
    const struct link *known = table_find(reconcile->table, ifindex);

    if (!known)
        return;
    count_line(reconcile, known);
    mark_dumped(reconcile, ifindex);
}

/* --- the end of a dump */

static bool is_missing(const struct reconcile *reconcile, const struct link *link)
{
    return dumps_lack(&reconcile->dumps, table_mark(reconcile->table, link->ifindex));
}

static size_t count_missing(const struct reconcile *reconcile)
{
    struct link *link = NULL;
    size_t missing = 0;

    while ((link = table_next(reconcile->table, link ? link->ifindex : 0)))
        missing += is_missing(reconcile, link);
    return missing;
}

/* 1 if only another dump can say what became of the link; few: it is cheaper to query each. */
static int judge_missing(struct reconcile *reconcile, int ifindex, bool few)
{
    struct dump_mark *mark = table_mark(reconcile->table, ifindex);
    bool refused = reconcile->claims.refused;

    if (dumps_miss(&reconcile->dumps, mark, !refused))
        return claims_take(&reconcile->claims,
                           &(struct claim){.ifindex = ifindex, .source = CHANGE_BY_DUMP});
    if (refused || (!few && mark->missed < DUMPS_ENOUGH))
        return 1;
    return claims_ask(&reconcile->claims, ifindex);
}

static int judge_all_missing(struct reconcile *reconcile, size_t *ret_missing)
{
    size_t missing = count_missing(reconcile);
    bool few = missing <= QUERIES + reconcile->dumps.lines / LINES_PER_QUERY;
    struct link *link;
    int failed = 0;

    for (int at = 0; missing && (link = table_next(reconcile->table, at));) {
        int r = 0;

        at = link->ifindex;
        if (is_missing(reconcile, link))
            r = judge_missing(reconcile, at, few);
        *ret_missing += r == 1;
        failed = r < 0 ? r : failed;
    }
    return failed;
}

/* A namespace may have no link, not even a loopback link; or there was no room for them. */
static int judge_empty(struct reconcile *reconcile)
{
    if (reconcile->dumps.lines || reconcile->claims.refused || table_count(reconcile->table))
        return 0;
    return claims_ask(&reconcile->claims, LOOPBACK);
}

int reconcile_dump_end(struct reconcile *reconcile, int error, bool alone, struct dump_verdict *ret)
{
    struct dump_verdict verdict;
    int r = 0, empty = 0, settled;

    if (dumps_end(&reconcile->dumps, error, alone, &verdict)) {
        r = judge_all_missing(reconcile, &verdict.missing);
        empty = judge_empty(reconcile);
    }
    if (!error && reconcile->dumps.number >= reconcile->whole_from)
        reconcile->lossy = false;
    settled = settle(reconcile);
    *ret = verdict;
    return r < 0 ? r : empty < 0 ? empty : settled;
}

/* --- queries */

int reconcile_query(const struct reconcile *reconcile)
{
    return reconcile->dumps.under_way ? 0 : claims_query(&reconcile->claims);
}

int reconcile_answered(struct reconcile *reconcile, int ifindex, struct link *link)
{
    int r = claims_take(&reconcile->claims, &(struct claim){.ifindex = ifindex,
                                                            .link = link,
                                                            .source = CHANGE_BY_DUMP,
                                                            .weighed = true});
    int settled = settle(reconcile);

    return r < 0 ? r : settled;
}

int reconcile_unanswered(struct reconcile *reconcile, int ifindex, bool refused)
{
    reconcile->claims.refused |= refused;
    claims_drop(&reconcile->claims, ifindex);
    return settle(reconcile);
}

size_t reconcile_unsettled(const struct reconcile *reconcile)
{
    return reconcile->claims.unsettled;
}
