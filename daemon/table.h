/* All links. Notifications and dumps go in, changes come out. Pure. */
#ifndef LINKWATCH_DAEMON_TABLE_H
#define LINKWATCH_DAEMON_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/buffer.h"
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

/* What happened to one link. Valid during the call that tells it. */
struct change {
    enum change_type type;
    enum change_source source;
    struct link *before; /* NULL for add */
    struct link *after;  /* NULL for remove */
    link_fields fields;  /* for change: what differs */
    uint32_t flaps;      /* carrier changes beyond what before and after show */
    bool derived;        /* only because another link changed (its name, IFF_UP) */
    struct buffer *json; /* the link after it (before it, for remove), encoded */
};

typedef void (*table_handler)(void *user, const struct change *change);

/* A link as it is now, between two changes. */
struct table_entry {
    struct link *link;
    struct buffer *json;
};

/* How a dump that came to its end compares with what was known. */
struct table_verdict {
    size_t links;        /* lines told about different links */
    bool native;         /* a line had IFLA_OPERSTATE, as every native Linux says it */
    size_t disappeared;  /* links that are known and were not told; still there */
};

struct table;

/* An empty table that tells handler of each change as it happens. NULL without
 * memory. */
struct table *table_new(table_handler handler, void *user);

/* Frees it and what it holds, telling nobody. Takes NULL; always NULL. */
struct table *table_free(struct table *table);

/* A notification told this state of a link, or that it is gone. What makes a
 * link known, changed or gone is told; what is known already isn't. 1 if
 * something was told, 0 if not, -ENOMEM (then nothing changed). */
int table_notified(struct table *table, struct link *link);
int table_notified_gone(struct table *table, int ifindex);

/* A dump begins, gives a line for each link, and ends. Notifications may come in
 * between; links that they make known count as told by the dump. A dump that is
 * not ended has no effect but that of its lines. table_dump_line() as
 * table_notified(). */
void table_dump_begin(struct table *table);
int table_dump_line(struct table *table, struct link *link);
void table_dump_end(struct table *table, struct table_verdict *ret);

/* Removes the links that disappeared from the last dump that ended. To be called
 * when a second dump confirmed it, that is, after its end. The number removed, or
 * -ENOMEM. */
int table_remove_disappeared(struct table *table);

/* The number of links. */
size_t table_count(const struct table *table);

/* The link with the smallest index above that one, or NULL; 0 starts. */
const struct table_entry *table_next(const struct table *table, int ifindex);

/* The link of that index, or NULL. */
const struct table_entry *table_find(const struct table *table, int ifindex);

#endif
