/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/address_table.h"

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "daemon/digest.h"

/* Dumps, one after another, in which an address must be missing where there is no other proof. */
#define ENOUGH             2
#define ENOUGH_INTERRUPTED 5

enum state {
    WAITS,    /* for its link */
    REPORTED, /* or would be */
    GONE,     /* a notification said so while a dump is under way; kept up to its end */
};

struct entry {
    RB_ENTRY(entry) node;
    TAILQ_ENTRY(entry) order; /* that of the last dump: mostly the next line is the next one */
    struct address *address;
    enum state state;
    uint64_t dumped_in;   /* number of the last dump that listed it */
    uint64_t notified_in; /* the last one under which a notification about it came */
    unsigned missed;      /* dumps that ended without it, up to the last */
    uint64_t digest;      /* of the line that it was read from; 0 where it is to be read anew */
    bool outdated;        /* its link changed, and there was no memory to report that */
};

RB_HEAD(address_tree, entry);

struct address_table {
    const struct table *links;
    struct quota *quota;
    int64_t (*clock)(void);
    address_handler handler;
    void *user;
    struct address_tree tree;
    TAILQ_HEAD(order, entry) order;
    size_t count; /* of those that are not gone */
    size_t gone;
    bool reports;
    bool lacks_link;
    bool is_native;   /* the kernel, as the links show */
    uint64_t dump;    /* number of the last one begun */
    bool dumping;     /* it has not ended */
    struct entry *at; /* of its last line */
    size_t lines;     /* that it had */
    size_t listed;    /* of those that are not gone, how many it has, or notifications had */
    size_t unsettled; /* of its lines, how many a notification contradicts */
    bool native;      /* a line was that of a native Linux */
    unsigned empty;   /* dumps without a line, one after another */
};

static int compare_entries(const struct entry *a, const struct entry *b)
{
    return address_order(&a->address->key, &b->address->key);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(address_tree, entry, node, compare_entries, STATIC)

struct address_table *address_table_new(const struct table *links, struct quota *quota,
                                        int64_t (*clock)(void), address_handler handler, void *user)
{
    struct address_table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    table->links = links;
    table->quota = quota;
    table->clock = clock;
    table->handler = handler;
    table->user = user;
    RB_INIT(&table->tree);
    TAILQ_INIT(&table->order);
    return table;
}

static void drop(struct address_table *table, struct entry *entry)
{
    if (table->at == entry)
        table->at = TAILQ_PREV(entry, order, order);
    if (entry->state == GONE)
        table->gone--;
    else
        table->count--;
    if (table->dumping && entry->state != GONE && entry->dumped_in == table->dump)
        table->listed--;
    RB_REMOVE(address_tree, &table->tree, entry);
    TAILQ_REMOVE(&table->order, entry, order);
    address_unref(entry->address);
    quota_free(table->quota, entry, 1, sizeof(*entry));
}

struct address_table *address_table_free(struct address_table *table)
{
    struct entry *entry;

    if (!table)
        return NULL;
    while ((entry = TAILQ_FIRST(&table->order)))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the list does not have the one before */
        drop(table, entry);
    free(table);
    return NULL;
}

void address_table_report(struct address_table *table)
{
    table->reports = true;
}

void address_table_set_native(struct address_table *table, bool native)
{
    table->is_native = native;
}

static void emit(struct address_table *table, const struct address_change *change)
{
    if (table->reports)
        table->handler(table->user, change);
}

static struct entry *find(const struct address_table *table, struct address *address)
{
    struct entry key = {.address = address};

    return RB_FIND(address_tree, (struct address_tree *)&table->tree, &key);
}

/* The first one from that key on. */
static struct entry *find_from(const struct address_table *table, const struct address_key *key)
{
    struct address address = {.key = *key};
    struct entry entry = {.address = &address};

    return RB_NFIND(address_tree, (struct address_tree *)&table->tree, &entry);
}

static struct entry *first_of_link(const struct address_table *table, int ifindex)
{
    struct entry *entry = find_from(table, &(struct address_key){.ifindex = ifindex});

    return entry && entry->address->key.ifindex == ifindex ? entry : NULL;
}

static struct entry *next_of_link(struct entry *entry)
{
    struct entry *next = RB_NEXT(address_tree, &table->tree, entry);

    return next && next->address->key.ifindex == entry->address->key.ifindex ? next : NULL;
}

/* The line of the dump under way, or a notification under it, is about that entry. */
static void mark(struct address_table *table, struct entry *entry)
{
    if (table->dumping && entry->dumped_in != table->dump && entry->state != GONE)
        table->listed++;
    entry->dumped_in = table->dump;
    entry->missed = 0;
}

/* --- changes */

static void report_add(struct address_table *table, struct entry *entry, struct link *link,
                       enum change_source source, bool more_follows)
{
    address_resolve(entry->address, link);
    entry->state = REPORTED;
    emit(table, &(struct address_change){.type = CHANGE_ADD,
                                         .source = source,
                                         .after = entry->address,
                                         .more_follows = more_follows});
}

static void report_if_linked(struct address_table *table, struct entry *entry,
                             enum change_source source)
{
    struct link *link = table_find(table->links, entry->address->key.ifindex);

    entry->state = WAITS;
    if (link)
        report_add(table, entry, link, source, false);
    else
        table->lacks_link = true;
}

static void report_removal(struct address_table *table, struct address *address,
                           enum change_source source, bool derived, bool more_follows)
{
    emit(table, &(struct address_change){.type = CHANGE_REMOVE,
                                         .source = source,
                                         .before = address,
                                         .derived = derived,
                                         .more_follows = more_follows});
}

static void remove_entry(struct address_table *table, struct entry *entry,
                         enum change_source source)
{
    struct address *address = address_ref(entry->address);
    bool was_reported = entry->state == REPORTED;

    drop(table, entry);
    if (was_reported)
        report_removal(table, address, source, false, false);
    address_unref(address);
}

static int insert(struct address_table *table, struct address *address, enum state state,
                  struct entry **ret)
{
    struct entry *entry = quota_calloc(table->quota, 1, sizeof(*entry));

    if (!entry)
        return -ENOMEM;
    entry->address = address_ref(address);
    entry->state = state;
    RB_INSERT(address_tree, &table->tree, entry);
    if (table->at)
        TAILQ_INSERT_AFTER(&table->order, table->at, entry, order);
    else
        TAILQ_INSERT_TAIL(&table->order, entry, order);
    if (state == GONE)
        table->gone++;
    else
        table->count++;
    *ret = entry;
    return 0;
}

/* The new state is that of the link as it is now, which may not have been reported yet. */
static void replace(struct address_table *table, struct entry *entry, struct address *address,
                    enum change_source source)
{
    struct address *before = entry->address;
    bool is_another = address_is_another(before, address);
    address_fields fields;

    if (entry->state == REPORTED)
        address_resolve(address, table_find(table->links, address->key.ifindex));
    fields = address_compare(before, address);
    if (!fields && !is_another && !entry->outdated)
        return;
    entry->address = address_ref(address);
    entry->outdated = false;
    if (entry->state == REPORTED && is_another) {
        report_removal(table, before, source, false, true);
        report_add(table, entry, address->link, source, false);
    } else if (entry->state == REPORTED) {
        emit(table, &(struct address_change){.type = CHANGE_CHANGE,
                                             .source = source,
                                             .before = before,
                                             .after = address,
                                             .fields = fields});
    }
    address_unref(before);
}

static int take(struct address_table *table, struct address *address, enum change_source source,
                struct entry **ret)
{
    struct entry *entry = find(table, address);
    int r;

    if (entry && entry->state == GONE) {
        drop(table, entry);
        entry = NULL;
    }
    *ret = entry;
    if (entry) {
        replace(table, entry, address, source);
        return 0;
    }
    r = insert(table, address, WAITS, ret);
    if (r < 0)
        return r;
    report_if_linked(table, *ret, source);
    return 0;
}

static int parse(const struct address_table *table, const struct nlmsghdr *message,
                 struct address **ret)
{
    int r = address_parse(message, table->clock(), ret);

    if (r >= 0 && !address_charge(*ret, table->quota)) {
        address_unref(*ret);
        return -ENOMEM;
    }
    return r;
}

/* --- notifications */

/* That there is none is remembered while a dump is under way, whose lines may be older. */
static int take_removal(struct address_table *table, struct address *address)
{
    struct entry *entry = find(table, address);
    int r;

    if (entry && entry->state != GONE) {
        remove_entry(table, entry, CHANGE_BY_NOTIFICATION);
        entry = NULL;
    }
    if (!table->dumping)
        return 0;
    if (!entry) {
        r = insert(table, address, GONE, &entry);
        if (r < 0)
            return r;
    }
    entry->notified_in = table->dump;
    return 0;
}

static int take_notification(struct address_table *table, struct address *address)
{
    struct entry *entry;
    int r = take(table, address, CHANGE_BY_NOTIFICATION, &entry);

    if (r < 0)
        return r;
    mark(table, entry);
    entry->notified_in = table->dump;
    entry->digest = 0;
    return 0;
}

static int notified(void *objects, const struct nlmsghdr *message, int *ret_ifindex)
{
    struct address_table *table = objects;
    struct address *address;
    int r = parse(table, message, &address);

    if (r < 0)
        return r;
    *ret_ifindex = address->key.ifindex;
    if (message->nlmsg_type == RTM_DELADDR)
        r = take_removal(table, address);
    else
        r = take_notification(table, address);
    address_unref(address);
    return r;
}

static void overrun(void *objects)
{
    (void)objects;
}

/* --- dumps */

static void drop_gone(struct address_table *table)
{
    struct entry *entry, *next;

    for (entry = table->gone ? TAILQ_FIRST(&table->order) : NULL; entry; entry = next) {
        next = TAILQ_NEXT(entry, order);
        if (entry->state == GONE)
            drop(table, entry);
    }
}

static void reset(void *objects)
{
    struct address_table *table = objects;

    table->dumping = false;
    table->at = NULL;
    table->empty = 0;
    drop_gone(table);
}

static void dump_begin(void *objects)
{
    struct address_table *table = objects;

    table->dump++;
    table->dumping = true;
    table->at = NULL;
    table->lines = table->listed = table->unsettled = 0;
    table->native = false;
}

static struct entry *expected(const struct address_table *table)
{
    return table->at ? TAILQ_NEXT(table->at, order) : TAILQ_FIRST(&table->order);
}

/* The next line is expected to be about the one after it. */
static void go_to(struct address_table *table, struct entry *entry)
{
    if (entry == table->at)
        return;
    if (entry != expected(table)) {
        TAILQ_REMOVE(&table->order, entry, order);
        if (table->at)
            TAILQ_INSERT_AFTER(&table->order, table->at, entry, order);
        else
            TAILQ_INSERT_HEAD(&table->order, entry, order);
    }
    table->at = entry;
}

static bool is_same(const struct entry *entry, const struct address *address)
{
    return entry->state != GONE && !address_compare(entry->address, address) &&
           !address_is_another(entry->address, address);
}

static int read_line(struct address_table *table, struct address *address, uint64_t line)
{
    struct entry *entry = find(table, address);
    int r = 0;

    /* A notification is younger than the line, or older: nobody knows. */
    if (entry && entry->notified_in == table->dump) {
        table->unsettled += !is_same(entry, address);
        return 0;
    }
    r = take(table, address, CHANGE_BY_DUMP, &entry);
    if (r < 0)
        return r;
    mark(table, entry);
    entry->digest = line;
    go_to(table, entry);
    return 0;
}

static int dump_line(void *objects, const struct nlmsghdr *message)
{
    struct address_table *table = objects;
    uint64_t line = digest(NLMSG_DATA(message), message->nlmsg_len - NLMSG_HDRLEN);
    struct entry *entry = expected(table);
    struct address *address;
    int r;

    table->lines++;
    if (entry && entry->digest == line) {
        mark(table, entry);
        table->at = entry;
        table->native |= entry->address->known & ADDRESS_FIELD_BIT(VALID_LIFE_TIME);
        return 0;
    }
    r = parse(table, message, &address);
    if (r < 0)
        return r == -ENOMSG ? 0 : r;
    table->native |= address->known & ADDRESS_FIELD_BIT(VALID_LIFE_TIME);
    r = read_line(table, address, line);
    address_unref(address);
    return r;
}

static void dump_line_without_room(void *objects, const struct nlmsghdr *message)
{
    struct address_table *table = objects;
    struct address *address;
    struct entry *entry;

    if (address_parse(message, table->clock(), &address) < 0)
        return;
    entry = find(table, address);
    if (entry)
        mark(table, entry);
    table->native |= address->known & ADDRESS_FIELD_BIT(VALID_LIFE_TIME);
    address_unref(address);
}

/* 1 if only another dump can say what became of it. */
static int judge_missing(struct address_table *table, struct entry *entry, int error)
{
    bool proof = (!error || error == -EDQUOT) && table->native;

    entry->missed++;
    if (!proof && entry->missed < (error ? ENOUGH_INTERRUPTED : ENOUGH))
        return 1;
    remove_entry(table, entry, CHANGE_BY_DUMP);
    return 0;
}

static size_t judge_all_missing(struct address_table *table, int error)
{
    struct entry *entry, *next;
    size_t missing = 0;

    if (table->listed == table->count)
        return 0;
    for (entry = TAILQ_FIRST(&table->order); entry; entry = next) {
        next = TAILQ_NEXT(entry, order);
        if (entry->state != GONE && entry->dumped_in != table->dump)
            missing += (size_t)judge_missing(table, entry, error);
    }
    return missing;
}

static int dump_end(void *objects, int error, bool alone, struct dump_verdict *ret)
{
    struct address_table *table = objects;
    bool is_whole = !error && (table->lines || alone || table->is_native);

    table->dumping = false;
    table->at = NULL;
    if (table->lines)
        table->empty = 0;
    else if (is_whole)
        table->empty++;
    *ret = (struct dump_verdict){
        .lines = table->lines,
        .native = table->lines ? table->native : table->is_native,
        .empty = table->empty >= ENOUGH || (table->empty && table->is_native && !table->count),
    };
    if (is_whole || ((error == -EINTR || error == -EDQUOT) && table->lines))
        ret->missing = judge_all_missing(table, error);
    drop_gone(table);
    return 0;
}

static int query(const void *objects)
{
    (void)objects;
    return 0;
}

/* Never, for nothing is queried. */
static int answered(void *objects, int ifindex, const struct nlmsghdr *message)
{
    (void)objects;
    (void)ifindex;
    (void)message;
    return 0;
}

static int unanswered(void *objects, int ifindex, bool refused)
{
    (void)objects;
    (void)ifindex;
    (void)refused;
    return 0;
}

static size_t unsettled(const void *objects)
{
    return ((const struct address_table *)objects)->unsettled;
}

static size_t count(const void *objects)
{
    return ((const struct address_table *)objects)->count;
}

static const int groups[] = {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, 0};

const struct subject address_subject = {
    .words = {.groups = "RTNLGRP_IPV4_IFADDR and RTNLGRP_IPV6_IFADDR",
              .objects = "addresses",
              .object = "an address of link"},
    .groups = groups,
    .get = RTM_GETADDR,
    .overrun = overrun,
    .reset = reset,
    .notified = notified,
    .dump_begin = dump_begin,
    .dump_line = dump_line,
    .dump_line_without_room = dump_line_without_room,
    .dump_end = dump_end,
    .query = query,
    .answered = answered,
    .unanswered = unanswered,
    .unsettled = unsettled,
    .count = count,
};

/* --- links */

bool address_table_before_link(struct address_table *table, const struct change *change,
                               bool more_follows)
{
    struct entry *entry, *next;
    bool any = false;

    if (change->type != CHANGE_REMOVE)
        return false;
    for (entry = first_of_link(table, change->before->ifindex); entry; entry = next) {
        struct address *address = address_ref(entry->address);
        bool was_reported = entry->state == REPORTED;

        next = next_of_link(entry);
        if (entry->state != GONE) {
            any = true;
            drop(table, entry);
        }
        if (was_reported)
            report_removal(table, address, change->source, true, more_follows);
        address_unref(address);
    }
    return any;
}

/* The address bears the link's names from now on; without memory, from the next dump on. That it is
 * reported, though it may show the same name, lets it pass filters that its link passes now. */
static void rename_entry(struct address_table *table, struct entry *entry,
                         const struct change *change)
{
    struct address *before = entry->address;
    struct address *address = address_copy(before);

    if (!address) {
        entry->digest = 0;
        entry->outdated = true;
        return;
    }
    address_resolve(address, change->after);
    entry->address = address;
    entry->outdated = false;
    emit(table, &(struct address_change){.type = CHANGE_CHANGE,
                                         .source = change->source,
                                         .before = before,
                                         .after = address,
                                         .fields = address_compare(before, address),
                                         .derived = true,
                                         .more_follows = change->more_follows});
    address_unref(before);
}

void address_table_after_link(struct address_table *table, const struct change *change)
{
    struct entry *entry;
    bool renamed = change->fields &
                   (LINK_FIELD_BIT(IFNAME) | LINK_FIELD_BIT(ALTNAMES) | LINK_FIELD_BIT(LINKINFO));

    if (change->type == CHANGE_REMOVE || (change->type == CHANGE_CHANGE && !renamed))
        return;
    for (entry = first_of_link(table, change->after->ifindex); entry; entry = next_of_link(entry)) {
        if (entry->state == WAITS)
            report_add(table, entry, change->after, change->source, change->more_follows);
        else if (entry->state == REPORTED)
            rename_entry(table, entry, change);
    }
}

bool address_table_lacks_link(struct address_table *table)
{
    bool lacks_link = table->lacks_link;

    table->lacks_link = false;
    return lacks_link;
}

struct address *address_table_next(const struct address_table *table,
                                   const struct address_key *after)
{
    struct entry *entry = find_from(table, after ? after : &(struct address_key){.ifindex = 0});

    if (entry && after && address_order(&entry->address->key, after) == 0)
        entry = RB_NEXT(address_tree, &table->tree, entry);
    while (entry && entry->state != REPORTED)
        entry = RB_NEXT(address_tree, &table->tree, entry);
    return entry ? entry->address : NULL;
}

size_t address_table_count(const struct address_table *table)
{
    return table->count;
}
