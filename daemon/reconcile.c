/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/reconcile.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/claims.h"

/* Queries after a dump: so many, and one more for so many lines. Where more links are
 * missing, another dump is cheaper than to query each. */
#define QUERIES         2
#define LINES_PER_QUERY 8
/* Dumps, one after another, in which a link must be missing where there is no other proof. */
#define ENOUGH             2
#define ENOUGH_INTERRUPTED 5
/* After so many dumps a kernel that answered no query is queried again. */
#define REFUSED_DUMPS 64
/* The loopback link, where there is one. */
#define LOOPBACK 1

struct reconcile {
    struct table *table;
    struct claims claims;
    uint64_t dump; /* number of the last one begun */
    bool dumping;
    size_t lines;
    bool native;
    unsigned empty; /* dumps without a line, one after another */
    /* Notifications were lost: a state that is notified of may be that of another link, up to
     * the end of a whole dump that has at least this number. */
    bool lossy;
    uint64_t whole_from;
};

struct reconcile *reconcile_new(struct table *table)
{
    struct reconcile *reconcile = calloc(1, sizeof(*reconcile));

    if (!reconcile)
        return NULL;
    reconcile->table = table;
    claims_init(&reconcile->claims, table);
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
    reconcile->dumping = false;
    reconcile->empty = 0;
    reconcile_overrun(reconcile);
}

void reconcile_overrun(struct reconcile *reconcile)
{
    reconcile->lossy = true;
    reconcile->whole_from = reconcile->dump + 1;
}

/* While a dump is under way it may show how claims fit. */
static int settle(struct reconcile *reconcile)
{
    return reconcile->dumping ? 0 : claims_settle(&reconcile->claims);
}

/* A notification is younger than a line of the dump under way. */
static int remember(struct reconcile *reconcile, int ifindex)
{
    struct table_note *note = table_note(reconcile->table, ifindex);

    if (note) {
        note->dumped_in = note->notified_in = reconcile->dump;
        note->missed = 0;
    }
    if (!reconcile->dumping || (note && !claims_find(&reconcile->claims, ifindex)))
        return 0;
    return claims_remember(&reconcile->claims, ifindex, reconcile->dump);
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
    reconcile->dump++;
    reconcile->dumping = true;
    reconcile->lines = 0;
    reconcile->native = false;
    reconcile->claims.unsettled = 0;
    /* It may have been the moment, and not the kernel. */
    if (reconcile->dump % REFUSED_DUMPS == 0)
        reconcile->claims.refused = false;
}

static void count_line(struct reconcile *reconcile, const struct link *link)
{
    reconcile->lines++;
    if (link->known & LINK_FIELD_BIT(OPERSTATE))
        reconcile->native = true;
}

static void mark_dumped(struct reconcile *reconcile, int ifindex)
{
    struct table_note *note = table_note(reconcile->table, ifindex);

    if (!note)
        return;
    note->dumped_in = reconcile->dump;
    note->missed = 0;
}

bool reconcile_dump_repeats(struct reconcile *reconcile, int ifindex, uint64_t digest)
{
    struct table_note *note = table_note(reconcile->table, ifindex);

    if (!note || !digest || note->digest != digest)
        return false;
    /* One such line is enough, and finding the link costs as much as all the rest. */
    if (reconcile->native)
        reconcile->lines++;
    else
        count_line(reconcile, table_find(reconcile->table, ifindex));
    note->dumped_in = reconcile->dump;
    note->missed = 0;
    return true;
}

static bool was_notified(const struct reconcile *reconcile, int ifindex, const struct claim *claim)
{
    const struct table_note *note = table_note(reconcile->table, ifindex);

    return (note && note->notified_in == reconcile->dump) ||
           (claim && claim->notified_in == reconcile->dump);
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

/* How to learn whether a link that a dump did not show is gone. */
struct evidence {
    int error;   /* of the dump */
    bool proof;  /* the dump itself */
    bool asking; /* single links can be asked for */
};

static bool is_missing(const struct reconcile *reconcile, const struct link *link)
{
    return table_note(reconcile->table, link->ifindex)->dumped_in != reconcile->dump;
}

static size_t count_missing(const struct reconcile *reconcile)
{
    struct link *link = NULL;
    size_t missing = 0;

    while ((link = table_next(reconcile->table, link ? link->ifindex : 0)))
        missing += is_missing(reconcile, link);
    return missing;
}

static bool is_gone(const struct reconcile *reconcile, const struct evidence *evidence,
                    unsigned missed)
{
    if (evidence->proof)
        return true;
    if (reconcile->claims.refused)
        return missed >= (evidence->error ? ENOUGH_INTERRUPTED : ENOUGH);
    return !evidence->error && reconcile->lines && missed >= ENOUGH;
}

/* 1 if only another dump can say what became of the link. */
static int judge_missing(struct reconcile *reconcile, int ifindex, const struct evidence *evidence)
{
    struct table_note *note = table_note(reconcile->table, ifindex);

    note->missed++;
    if (is_gone(reconcile, evidence, note->missed))
        return claims_take(&reconcile->claims,
                           &(struct claim){.ifindex = ifindex, .source = CHANGE_BY_DUMP});
    if (reconcile->claims.refused || (!evidence->asking && note->missed < ENOUGH))
        return 1;
    return claims_ask(&reconcile->claims, ifindex);
}

/* Native Linux flags a dump under which links changed, and else has listed all of them. Some
 * other kernels answer with an empty dump where there is no room for the right one, so that
 * a missing line proves nothing, unless it is missing again; the link itself is queried,
 * or where that costs more, another dump. */
static int judge_all_missing(struct reconcile *reconcile, int error, size_t *ret_missing)
{
    size_t missing = count_missing(reconcile);
    struct evidence evidence = {
        .error = error,
        .proof = (!error || error == -EDQUOT) && reconcile->native,
        .asking = missing <= QUERIES + reconcile->lines / LINES_PER_QUERY,
    };
    struct link *link;
    int failed = 0;

    *ret_missing = 0;
    for (int at = 0; missing && (link = table_next(reconcile->table, at));) {
        int r = 0;

        at = link->ifindex;
        if (is_missing(reconcile, link))
            r = judge_missing(reconcile, at, &evidence);
        *ret_missing += r == 1;
        failed = r < 0 ? r : failed;
    }
    return failed;
}

/* A namespace may have no link, not even a loopback link; or there was no room for them. */
static int judge_empty(struct reconcile *reconcile)
{
    if (reconcile->lines || reconcile->claims.refused || table_count(reconcile->table))
        return 0;
    return claims_ask(&reconcile->claims, LOOPBACK);
}

static void count_empty(struct reconcile *reconcile, int error, bool alone)
{
    if (reconcile->lines)
        reconcile->empty = 0;
    else if (!error && alone)
        reconcile->empty++;
}

int reconcile_dump_end(struct reconcile *reconcile, int error, bool alone, struct dump_verdict *ret)
{
    struct dump_verdict verdict = {.lines = reconcile->lines, .native = reconcile->native};
    int r = 0, empty = 0, settled;

    reconcile->dumping = false;
    count_empty(reconcile, error, alone);
    verdict.empty = reconcile->empty >= ENOUGH;
    if ((!error && (reconcile->lines || alone)) ||
        ((error == -EINTR || error == -EDQUOT) && reconcile->lines)) {
        r = judge_all_missing(reconcile, error, &verdict.missing);
        empty = judge_empty(reconcile);
    }
    if (!error && reconcile->dump >= reconcile->whole_from)
        reconcile->lossy = false;
    settled = settle(reconcile);
    *ret = verdict;
    return r < 0 ? r : empty < 0 ? empty : settled;
}

/* --- queries */

int reconcile_query(const struct reconcile *reconcile)
{
    return reconcile->dumping ? 0 : claims_query(&reconcile->claims);
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
