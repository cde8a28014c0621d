/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses of a namespace, in order and in the order in which dumps list them. A part of
 * address_table. Pure. */
#ifndef LINKWATCH_DAEMON_ADDRESS_SET_H
#define LINKWATCH_DAEMON_ADDRESS_SET_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "daemon/address.h"
#include "daemon/dumps.h"

enum address_state {
    ADDRESS_WAITS,    /* for its link */
    ADDRESS_REPORTED, /* or would be */
    ADDRESS_GONE,     /* a notification said so while a dump is under way; kept up to its end */
};

struct address_entry {
    RB_ENTRY(address_entry) node;
    TAILQ_ENTRY(address_entry) order; /* that of the last dump: mostly the next line is the next */
    struct address *address;
    enum address_state state;
    struct dump_mark mark;
};

RB_HEAD(address_tree, address_entry);
TAILQ_HEAD(address_list, address_entry);

struct address_set {
    struct quota *quota;
    struct address_tree tree;
    struct address_list order;
    struct address_entry *at; /* of the last line of the dump under way; NULL for none */
    size_t count;             /* of those that are not gone */
    size_t gone;
};

void address_set_init(struct address_set *set, struct quota *quota);

/* A new entry, with a reference of its own; NULL without memory. And the end of one. */
struct address_entry *address_set_insert(struct address_set *set, struct address *address,
                                         enum address_state state);
void address_set_drop(struct address_set *set, struct address_entry *entry);

/* The entry of the same key; the first one from that key on; the one after it; NULL for none. */
struct address_entry *address_set_find(const struct address_set *set, struct address *address);
struct address_entry *address_set_from(const struct address_set *set,
                                       const struct address_key *key);
struct address_entry *address_set_next(struct address_entry *entry);

/* The first one of that link, and the next one of the same link; NULL at the end. */
struct address_entry *address_set_first_of(const struct address_set *set, int ifindex);
struct address_entry *address_set_next_of_link(struct address_entry *entry);

/* The one that the next line of the dump is expected to be about, NULL at the end; and the one that
 * it was about. */
struct address_entry *address_set_expected(const struct address_set *set);
void address_set_go_to(struct address_set *set, struct address_entry *entry);

#endif
