/* All links. Notifications and dumps go in, changes come out. Pure. */
#ifndef LINKWATCH_DAEMON_TABLE_H
#define LINKWATCH_DAEMON_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    /* Only what another link contributes changed: its name, or its IFF_UP. */
    bool derived;
    /* Another link changed with this one, and the kernel does not tell it: the
     * other end of a pair got, or lost, its peer. */
    bool entails_more;
};

/* The link as it is after it, or was last. */
static inline struct link *change_link(const struct change *change)
{
    return change->type == CHANGE_REMOVE ? change->before : change->after;
}

typedef void (*table_handler)(void *user, const struct change *change);

/* How a dump that came to its end compares with what was known. */
struct table_verdict {
    size_t told;    /* lines */
    size_t missing; /* links that are known and were not told; they are still there */
    size_t doubted; /* lines that were not believed: see table_dump_line() */
    bool native;    /* a line had IFLA_OPERSTATE, as native Linux always says it */
};

struct table;

/* An empty table that tells handler of each change, right after it was made. The
 * handler must not call the table's changing functions. NULL without memory. */
struct table *table_new(table_handler handler, void *user);

/* Frees it and what it holds, telling nobody. Takes NULL; always NULL. */
struct table *table_free(struct table *table);

/* A notification told this state of a link, or that a link is gone. What is known
 * already is not told again. 0, or -ENOMEM (then nothing changed). The table takes
 * its own reference. */
int table_notified(struct table *table, struct link *link);
void table_notified_gone(struct table *table, int ifindex);

/* A dump begins, gives a line for each link, and ends. Notifications may come in
 * between; links that they tell count as told by the dump. Of a dump that was
 * begun and not ended just its lines count; one without any line is no dump, and in
 * it no link is missing. table_dump_line() as table_notified(), or 1. A line may be older than a
 * notification that came before it (Linux hands a part of a dump over after it let go of
 * the lock under which it made it): where a notification told of the link since the dump
 * was begun, that is believed and another line is not: 1. */
void table_dump_begin(struct table *table);
int table_dump_line(struct table *table, struct link *link);

/* Whether a line of the dump is the same, byte for byte, as the last one about that link,
 * and nothing was told since: then it counts as told and need not even be read. Else it
 * goes to table_dump_line(), and if that gave 0 its digest to table_remember_line(). */
bool table_dump_repeats(struct table *table, int ifindex, uint64_t digest);
void table_remember_line(struct table *table, int ifindex, uint64_t digest);
void table_dump_end(struct table *table, struct table_verdict *ret);

/* Removes the links that were missing in at least so many dumps that ended, one
 * after another up to the last. The number removed. */
size_t table_remove_missing(struct table *table, unsigned dumps);

/* The number of links. */
size_t table_count(const struct table *table);

/* The link with the smallest index above that one, or NULL; 0 starts. */
struct link *table_next(const struct table *table, int ifindex);

/* The link of that index, or NULL. */
struct link *table_find(const struct table *table, int ifindex);

#endif
