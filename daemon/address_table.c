/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/address_table.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "daemon/address_set.h"
#include "daemon/digest.h"

struct address_table {
    const struct table *links;
    struct address_set set;
    int64_t (*clock)(void);
    table_handler handler;
    void *user;
    bool reports;
    bool lacks_link;
    struct dumps dumps;
    size_t unsettled; /* lines of the last one that a notification contradicts */
};

struct address_table *address_table_new(const struct table *links, struct quota *quota,
                                        int64_t (*clock)(void), table_handler handler, void *user)
{
    struct address_table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    table->links = links;
    address_set_init(&table->set, quota);
    table->clock = clock;
    table->handler = handler;
    table->user = user;
    return table;
}

struct address_table *address_table_free(struct address_table *table)
{
    struct address_entry *entry;

    if (!table)
        return NULL;
    while ((entry = TAILQ_FIRST(&table->set.order)))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the list does not have the one before */
        address_set_drop(&table->set, entry);
    free(table);
    return NULL;
}

void address_table_report(struct address_table *table)
{
    table->reports = true;
}

void address_table_set_native(struct address_table *table, bool native)
{
    table->dumps.may_be_empty = native;
}

static void emit(struct address_table *table, const struct change *change)
{
    if (table->reports)
        table->handler(table->user, change);
}

/* --- changes */

static void report_add(struct address_table *table, struct address_entry *entry, struct link *link,
                       enum change_source source, bool more_follows)
{
    address_resolve(entry->address, link);
    entry->state = ADDRESS_REPORTED;
    emit(table, &(struct change){.type = CHANGE_ADD,
                                 .source = source,
                                 .after = &entry->address->object,
                                 .more_follows = more_follows});
}

static void report_if_linked(struct address_table *table, struct address_entry *entry,
                             enum change_source source)
{
    struct link *link = table_find(table->links, entry->address->key.ifindex);

    entry->state = ADDRESS_WAITS;
    if (link)
        report_add(table, entry, link, source, false);
    else
        table->lacks_link = true;
}

static void report_removal(struct address_table *table, struct address *address,
                           enum change_source source, bool derived, bool more_follows)
{
    emit(table, &(struct change){.type = CHANGE_REMOVE,
                                 .source = source,
                                 .before = &address->object,
                                 .derived = derived,
                                 .more_follows = more_follows});
}

static void remove_entry(struct address_table *table, struct address_entry *entry,
                         enum change_source source)
{
    struct address *address = address_ref(entry->address);
    bool was_reported = entry->state == ADDRESS_REPORTED;

    address_set_drop(&table->set, entry);
    if (was_reported)
        report_removal(table, address, source, false, false);
    address_unref(address);
}

/* What filters ask of the link that has an address. */
#define MATCHED_FIELDS \
    (LINK_FIELD_BIT(IFNAME) | LINK_FIELD_BIT(ALTNAMES) | LINK_FIELD_BIT(LINKINFO))

/* That is reported, though the address may show the same name: it may pass other filters now. */
static bool is_of_other_link(const struct address *before, const struct address *after)
{
    const struct link *old = before->object.link, *new = after->object.link;

    return old && new &&old != new &&link_compare(old, new) & MATCHED_FIELDS;
}

/* The new state is that of the link as it is now, which may not have been reported yet. */
static void replace(struct address_table *table, struct address_entry *entry,
                    struct address *address, enum change_source source)
{
    struct address *before = entry->address;
    bool is_another = address_is_another(before, address);
    address_fields fields;

    if (entry->state == ADDRESS_REPORTED)
        address_resolve(address, table_find(table->links, address->key.ifindex));
    fields = address_compare(before, address);
    if (!fields && !is_another && !is_of_other_link(before, address))
        return;
    entry->address = address_ref(address);
    if (entry->state == ADDRESS_REPORTED && is_another) {
        report_removal(table, before, source, false, true);
        report_add(table, entry, address->object.link, source, false);
    } else if (entry->state == ADDRESS_REPORTED) {
        emit(table, &(struct change){.type = CHANGE_CHANGE,
                                     .source = source,
                                     .before = &before->object,
                                     .after = &address->object,
                                     .fields = fields});
    }
    address_unref(before);
}

static int take(struct address_table *table, struct address *address, enum change_source source,
                struct address_entry **ret)
{
    struct address_entry *entry = address_set_find(&table->set, address);

    if (entry && entry->state == ADDRESS_GONE) {
        address_set_drop(&table->set, entry);
        entry = NULL;
    }
    *ret = entry;
    if (entry) {
        replace(table, entry, address, source);
        return 0;
    }
    *ret = address_set_insert(&table->set, address, ADDRESS_WAITS);
    if (!*ret)
        return -ENOMEM;
    report_if_linked(table, *ret, source);
    return 0;
}

static int parse(const struct address_table *table, const struct nlmsghdr *message,
                 struct address **ret)
{
    int r = address_parse(message, table->clock(), ret);

    if (r >= 0 && !object_charge(&(*ret)->object, table->set.quota)) {
        address_unref(*ret);
        return -ENOMEM;
    }
    return r;
}

/* --- notifications */

/* That there is none is remembered while a dump is under way, whose lines may be older. */
static int take_removal(struct address_table *table, struct address *address)
{
    struct address_entry *entry = address_set_find(&table->set, address);

    if (entry && entry->state != ADDRESS_GONE) {
        remove_entry(table, entry, CHANGE_BY_NOTIFICATION);
        entry = NULL;
    }
    if (!table->dumps.under_way)
        return 0;
    if (!entry) {
        entry = address_set_insert(&table->set, address, ADDRESS_GONE);
        if (!entry)
            return -ENOMEM;
    }
    dumps_notify(&table->dumps, &entry->mark);
    return 0;
}

static int take_notification(struct address_table *table, struct address *address)
{
    struct address_entry *entry;
    int r = take(table, address, CHANGE_BY_NOTIFICATION, &entry);

    if (r < 0)
        return r;
    dumps_notify(&table->dumps, &entry->mark);
    entry->mark.digest = 0;
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

/* --- dumps */

static void drop_gone(struct address_table *table)
{
    struct address_entry *entry, *next;

    for (entry = table->set.gone ? TAILQ_FIRST(&table->set.order) : NULL; entry; entry = next) {
        next = TAILQ_NEXT(entry, order);
        if (entry->state == ADDRESS_GONE)
            address_set_drop(&table->set, entry);
    }
}

static void reset(void *objects)
{
    struct address_table *table = objects;

    dumps_reset(&table->dumps);
    table->set.at = NULL;
    drop_gone(table);
}

static void dump_begin(void *objects)
{
    struct address_table *table = objects;

    dumps_begin(&table->dumps);
    table->set.at = NULL;
    table->unsettled = 0;
}

static bool is_same(const struct address_entry *entry, const struct address *address)
{
    return entry->state != ADDRESS_GONE && !address_compare(entry->address, address) &&
           !address_is_another(entry->address, address);
}

static int read_line(struct address_table *table, struct address *address, uint64_t line)
{
    struct address_entry *entry = address_set_find(&table->set, address);
    int r = 0;

    /* A notification is younger than the line, or older: nobody knows. */
    if (entry && entry->mark.notified_in == table->dumps.number) {
        table->unsettled += !is_same(entry, address);
        return 0;
    }
    r = take(table, address, CHANGE_BY_DUMP, &entry);
    if (r < 0)
        return r;
    dumps_list(&table->dumps, &entry->mark);
    entry->mark.digest = line;
    address_set_go_to(&table->set, entry);
    return 0;
}

static void count_line(struct address_table *table, const struct address *address)
{
    dumps_count_line(&table->dumps, address->known & ADDRESS_FIELD_BIT(VALID_LIFE_TIME));
}

static int dump_line(void *objects, const struct nlmsghdr *message)
{
    struct address_table *table = objects;
    uint64_t line = digest(NLMSG_DATA(message), message->nlmsg_len - NLMSG_HDRLEN);
    struct address_entry *entry = address_set_expected(&table->set);
    struct address *address;
    int r;

    if (entry && entry->mark.digest == line) {
        count_line(table, entry->address);
        dumps_list(&table->dumps, &entry->mark);
        table->set.at = entry;
        return 0;
    }
    r = parse(table, message, &address);
    if (r < 0)
        return r == -ENOMSG ? 0 : r;
    count_line(table, address);
    r = read_line(table, address, line);
    address_unref(address);
    return r;
}

static void dump_line_without_room(void *objects, const struct nlmsghdr *message)
{
    struct address_table *table = objects;
    struct address *address;
    struct address_entry *entry;

    if (address_parse(message, table->clock(), &address) < 0)
        return;
    entry = address_set_find(&table->set, address);
    if (entry)
        dumps_list(&table->dumps, &entry->mark);
    count_line(table, address);
    address_unref(address);
}

/* The number of those of which only another dump can say what became of them. */
static size_t judge_missing(struct address_table *table)
{
    struct address_entry *entry, *next;
    size_t missing = 0;

    for (entry = TAILQ_FIRST(&table->set.order); entry; entry = next) {
        next = TAILQ_NEXT(entry, order);
        if (entry->state == ADDRESS_GONE || !dumps_lack(&table->dumps, &entry->mark))
            continue;
        if (dumps_miss(&table->dumps, &entry->mark, false))
            remove_entry(table, entry, CHANGE_BY_DUMP);
        else
            missing++;
    }
    return missing;
}

static int dump_end(void *objects, int error, bool alone, struct dump_verdict *ret)
{
    struct address_table *table = objects;

    table->set.at = NULL;
    if (dumps_end(&table->dumps, error, alone, ret))
        ret->missing = judge_missing(table);
    drop_gone(table);
    return 0;
}

static size_t unsettled(const void *objects)
{
    return ((const struct address_table *)objects)->unsettled;
}

static size_t count(const void *objects)
{
    return ((const struct address_table *)objects)->set.count;
}

static const int groups[] = {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, 0};

const struct subject address_subject = {
    .words = {.groups = "RTNLGRP_IPV4_IFADDR and RTNLGRP_IPV6_IFADDR",
              .objects = "addresses",
              .object = "an address of link"},
    .groups = groups,
    .get = RTM_GETADDR,
    .reset = reset,
    .notified = notified,
    .dump_begin = dump_begin,
    .dump_line = dump_line,
    .dump_line_without_room = dump_line_without_room,
    .dump_end = dump_end,
    .unsettled = unsettled,
    .count = count,
};

/* --- links */

bool address_table_before_link(struct address_table *table, const struct change *change,
                               bool more_follows)
{
    struct address_entry *entry, *next;
    bool any = false;

    if (change->type != CHANGE_REMOVE)
        return false;
    for (entry = address_set_first_of(&table->set, change_link(change)->ifindex); entry;
         entry = next) {
        struct address *address = address_ref(entry->address);
        bool was_reported = entry->state == ADDRESS_REPORTED;

        next = address_set_next_of_link(entry);
        if (entry->state != ADDRESS_GONE) {
            any = true;
            address_set_drop(&table->set, entry);
        }
        if (was_reported)
            report_removal(table, address, change->source, true, more_follows);
        address_unref(address);
    }
    return any;
}

/* The address bears the link's names from now on; without memory, from the next dump on, or the
 * next change of them, which may be back to those that were reported. */
static void rename_entry(struct address_table *table, struct address_entry *entry,
                         const struct change *change)
{
    struct address *before = entry->address;
    struct address *address = as_address(object_copy(&before->object));

    if (!address) {
        entry->mark.digest = 0;
        return;
    }
    address_resolve(address, change_link(change));
    entry->address = address;
    if (is_of_other_link(before, address))
        emit(table, &(struct change){.type = CHANGE_CHANGE,
                                     .source = change->source,
                                     .before = &before->object,
                                     .after = &address->object,
                                     .fields = address_compare(before, address),
                                     .derived = true,
                                     .more_follows = change->more_follows});
    address_unref(before);
}

void address_table_after_link(struct address_table *table, const struct change *change)
{
    struct link *link = change_link(change);
    struct address_entry *entry;
    bool renamed = change->fields & MATCHED_FIELDS;

    if (change->type == CHANGE_REMOVE || (change->type == CHANGE_CHANGE && !renamed))
        return;
    for (entry = address_set_first_of(&table->set, link->ifindex); entry;
         entry = address_set_next_of_link(entry)) {
        if (entry->state == ADDRESS_WAITS)
            report_add(table, entry, link, change->source, change->more_follows);
        else if (entry->state == ADDRESS_REPORTED)
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
    struct address_entry *entry =
        address_set_from(&table->set, after ? after : &(struct address_key){.ifindex = 0});

    if (entry && after && address_order(&entry->address->key, after) == 0)
        entry = address_set_next(entry);
    while (entry && entry->state != ADDRESS_REPORTED)
        entry = address_set_next(entry);
    return entry ? entry->address : NULL;
}

size_t address_table_count(const struct address_table *table)
{
    return table->set.count;
}
