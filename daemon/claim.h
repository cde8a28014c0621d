/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A claim, and all claims to a table, as claims.c and obstacles.c use them. Pure. */
#ifndef LINKWATCH_DAEMON_CLAIM_H
#define LINKWATCH_DAEMON_CLAIM_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/names.h"
#include "daemon/table.h"

enum claim_state {
    CLAIM_WAITS,
    CLAIM_ASKS, /* it is out of date or contradicted: the link is to be queried */
    CLAIM_OVER, /* applied, or given up; kept until all claims are over */
};

struct claim {
    RB_ENTRY(claim) node;
    TAILQ_ENTRY(claim) order; /* among those that wait, or those that are to be queried */
    int ifindex;
    enum claim_state state;
    struct link *link; /* NULL: there is none of that index */
    enum change_source source;
    bool weighed;        /* it may be another link than the one that the table has */
    bool without_master; /* nothing is known of it; the next dump may have it */
    struct link_destination moved_to;
    uint64_t digest;      /* of the dump line that it comes from, or 0 */
    uint64_t age;         /* the larger, the younger */
    uint64_t notified_in; /* number of the dump under which a notification about it came */

    /* While it waits: what it waits for, and how many contradictions with the table there are. */
    struct link_names names;
    RB_ENTRY(claim) port;
    int master; /* 0 if it is no port */
    int obstacles;
    TAILQ_ENTRY(claim) woken;
    bool is_woken;
};

RB_HEAD(claim_tree, claim);
RB_HEAD(port_tree, claim);
TAILQ_HEAD(claim_list, claim);

struct claims {
    struct table *table;
    struct quota *quota; /* of their memory; NULL for none */
    struct claim_tree tree;
    struct claim_list waiting; /* ends of links first */
    struct claim_list asking;
    size_t asking_count;
    struct names wanted;     /* the names of links in claims that wait */
    struct port_tree ports;  /* claims that wait, by master */
    struct claim_list woken; /* those of which an obstacle changed; first those that fit now */
    uint64_t age;
    unsigned rounds;  /* of queries, since there were no claims */
    size_t unsettled; /* links that stay as they were, though messages contradict them */
    bool refused;     /* the kernel does not answer queries */
    bool failed;      /* something was lost for lack of memory */
};

int claim_compare(const struct claim *a, const struct claim *b);
RB_PROTOTYPE(claim_tree, claim, node, claim_compare)

/* The claim on that index, NULL if there is none. */
struct claim *claims_find(const struct claims *claims, int ifindex);

#endif
