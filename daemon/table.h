/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All links of a namespace. Reports each change. Pure. */
#ifndef LINKWATCH_DAEMON_TABLE_H
#define LINKWATCH_DAEMON_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/dumps.h"
#include "daemon/link.h"

enum change_type {
    CHANGE_ADD,
    CHANGE_REMOVE,
    CHANGE_CHANGE,
};

enum change_source {
    CHANGE_BY_NOTIFICATION,
    CHANGE_BY_DUMP,
};

/* What happened to one link, or one address. Valid during the call that reports it. */
struct change {
    enum change_type type;
    enum change_source source;
    struct object *before; /* NULL for add */
    struct object *after;  /* NULL for remove */
    /* For change: what differs; of an address 0 if only what its link is called, or is. */
    uint64_t fields;
    uint32_t flaps; /* carrier changes beyond what before and after show */
    /* Only what another link contributes changed: its name, or its IFF_UP. Or it is a change of an
     * address that comes with one of its link. */
    bool derived;
    /* Another link changed with this one, without a notification: the
     * other end of a pair got, or lost, its peer. */
    bool entails_more;
    /* With this change alone the links are as no kernel has them: the next one belongs to it. */
    bool more_follows;
    /* For remove: the link lives on in another namespace, as far as the kernel says where. */
    struct link_destination moved_to;
};

/* The object as it is after it, or was last; and the same of a link. */
static inline struct object *change_object(const struct change *change)
{
    return change->type == CHANGE_REMOVE ? change->before : change->after;
}

static inline struct link *change_link(const struct change *change)
{
    return as_link(change_object(change));
}

typedef void (*table_handler)(void *user, const struct change *change);

struct table;

/* An empty table that calls handler for each change, right after it was made. The
 * handler must not call the table's changing functions. NULL without memory. */
struct table *table_new(table_handler handler, void *user);

/* Frees it and what it holds, without calling the handler. Takes NULL; always NULL. */
struct table *table_free(struct table *table);

/* That is the link of its index from now on, new or changed. What is known already is not
 * reported again. 0, or -ENOMEM (then nothing changed). The table takes its own reference. */
int table_put(struct table *table, struct link *link, enum change_source source);

/* That link is gone, if it was there; moved_to may be NULL. */
void table_remove(struct table *table, int ifindex, enum change_source source,
                  const struct link_destination *moved_to);

/* How many contradictions there are that no kernel has: a name or alternative name with two
 * bearers, a master that is not there. Whoever changes the table lets it end with none; of a
 * change that leaves some, more follows. */
size_t table_contradictions(const struct table *table);

/* Names the other links that a link refers to, as far as they are known. */
void table_resolve(const struct table *table, struct link *link);

/* The link with the smallest index above that one that bears the name or alternative name,
 * or 0. */
int table_bearer(const struct table *table, const char *name, int ifindex);

/* The port with the smallest index above that one whose master that is, or 0. */
int table_port(const struct table *table, int master, int ifindex);

/* The number of links. */
size_t table_count(const struct table *table);

/* The link with the smallest index above that one, or NULL; 0 starts. */
struct link *table_next(const struct table *table, int ifindex);

/* The link of that index, or NULL. */
struct link *table_find(const struct table *table, int ifindex);

/* For whoever fills the table: what dumps said of the link of that index; NULL if there is none.
 * Valid until it is removed. The table makes the digest 0 where the same line is to be read anew.
 */
struct dump_mark *table_mark(struct table *table, int ifindex);

#endif
