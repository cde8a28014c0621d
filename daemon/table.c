/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/table.h"

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/names.h"

/* That a link (source) names another one (target): as its master, or as its lower
 * link or peer. */
struct relation {
    RB_ENTRY(relation) node;
    int target; /* 0 if this is not in the tree */
    int source;
    bool lower;
};

struct entry {
    RB_ENTRY(entry) node;
    LIST_ENTRY(entry) order; /* that of the indexes: to the next one without a search */
    int ifindex;
    struct link *link;
    struct relation master;
    struct relation lower;
    struct link_names names;
    struct dump_mark mark;
};

RB_HEAD(entries, entry);
LIST_HEAD(order, entry);
RB_HEAD(relations, relation);

struct table {
    struct entries entries;
    struct order order;
    struct relations relations;
    struct entry *at; /* where a walk is: a dump lists links in their order, mostly */
    size_t count;
    struct names names;
    size_t orphans;      /* links whose master is not there */
    size_t derived_left; /* changes of other links that a new name entails, not made yet */
    table_handler handler;
    void *user;
};

static int compare_int(int a, int b)
{
    return (a > b) - (a < b);
}

static int compare_entries(const struct entry *a, const struct entry *b)
{
    return compare_int(a->ifindex, b->ifindex);
}

/* By target first, so that all that name one link stand together. */
static int compare_relations(const struct relation *a, const struct relation *b)
{
    if (a->target != b->target)
        return compare_int(a->target, b->target);
    if (a->source != b->source)
        return compare_int(a->source, b->source);
    return compare_int(a->lower, b->lower);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(entries, entry, node, compare_entries, STATIC)
RB_GENERATE_INTERNAL(relations, relation, node, compare_relations, STATIC)

struct table *table_new(table_handler handler, void *user)
{
    struct table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    RB_INIT(&table->entries);
    LIST_INIT(&table->order);
    RB_INIT(&table->relations);
    names_init(&table->names);
    table->handler = handler;
    table->user = user;
    return table;
}

static struct entry *free_entry(struct entry *entry)
{
    struct link *link = entry->link;

    quota_free(link->object.quota, entry, 1, sizeof(*entry));
    link_unref(link);
    return NULL;
}

struct table *table_free(struct table *table)
{
    struct entry *entry, *next;

    if (!table)
        return NULL;
    for (entry = LIST_FIRST(&table->order); entry; entry = next) {
        next = LIST_NEXT(entry, order);
        link_names_free(&entry->names, entry->link);
        free_entry(entry);
    }
    free(table);
    return NULL;
}

static struct entry *find(const struct table *table, int ifindex)
{
    struct entry key = {.ifindex = ifindex};

    return RB_FIND(entries, (struct entries *)&table->entries, &key);
}

/* The same for walks through the links: mostly the next one is wanted. */
static struct entry *find_in_walk(struct table *table, int ifindex)
{
    struct entry *entry = table->at;

    if (entry && entry->ifindex != ifindex)
        entry = LIST_NEXT(entry, order);
    if (!entry || entry->ifindex != ifindex)
        entry = find(table, ifindex);
    table->at = entry;
    return entry;
}

static void relate(struct table *table, struct relation *relation, int target)
{
    if (relation->target == target)
        return;
    if (relation->target)
        RB_REMOVE(relations, &table->relations, relation);
    relation->target = target;
    if (target)
        RB_INSERT(relations, &table->relations, relation);
}

static int lower_target(const struct link *link)
{
    return link->known & LINK_FIELD_BIT(LINK) ? link->link_index : 0;
}

static int master_target(const struct link *link)
{
    return link->known & LINK_FIELD_BIT(MASTER) ? link->master : 0;
}

static void relate_master(struct table *table, struct entry *entry, int master)
{
    int before = entry->master.target;

    relate(table, &entry->master, master);
    if (before && !find(table, before))
        table->orphans--;
    if (master && !find(table, master))
        table->orphans++;
}

static void relate_entry(struct table *table, struct entry *entry)
{
    relate_master(table, entry, master_target(entry->link));
    relate(table, &entry->lower, lower_target(entry->link));
}

static void unrelate_entry(struct table *table, struct entry *entry)
{
    relate_master(table, entry, 0);
    relate(table, &entry->lower, 0);
}

/* The relation to that link that stands after this one, the first for NULL. */
static struct relation *next_dependent(struct table *table, int target,
                                       const struct relation *relation)
{
    struct relation key = {.target = target};
    struct relation *next;

    if (relation)
        next = RB_NEXT(relations, &table->relations, (struct relation *)relation);
    else
        next = RB_NFIND(relations, &table->relations, &key);
    return next && next->target == target ? next : NULL;
}

static size_t count_ports(struct table *table, int master)
{
    struct relation *relation = NULL;
    size_t count = 0;

    while ((relation = next_dependent(table, master, relation)))
        count += !relation->lower;
    return count;
}

size_t table_contradictions(const struct table *table)
{
    return table->names.shared + table->orphans;
}

static void emit(struct table *table, struct change *change)
{
    change->more_follows = table_contradictions(table) > 0 || table->derived_left > 0;
    table->handler(table->user, change);
}

static const struct link *link_of(const struct table *table, int ifindex)
{
    return ifindex ? table_find(table, ifindex) : NULL;
}

/* A link may name itself, by the name that it has now. */
static const struct link *named_by(const struct table *table, const struct link *link, int ifindex)
{
    return ifindex == link->ifindex ? link : link_of(table, ifindex);
}

void table_resolve(const struct table *table, struct link *link)
{
    link_resolve(link, named_by(table, link, master_target(link)),
                 named_by(table, link, lower_target(link)));
}

/* Carrier changes that the kernel counted and nobody could see: all but the one that
 * stands between the two states. */
static uint32_t unseen_flaps(const struct link *before, const struct link *after)
{
    link_fields both = before->known & after->known;
    uint32_t counted, seen;

    if (!(both & LINK_FIELD_BIT(CARRIER_CHANGES)))
        return 0;
    counted = after->carrier_changes - before->carrier_changes;
    seen = link_carrier_differs(before, after);
    return counted > seen ? counted - seen : 0;
}

static void remove_names(struct table *table, struct entry *entry)
{
    names_remove(&table->names, &entry->names, entry->link);
    link_names_free(&entry->names, entry->link);
}

#define NAME_FIELDS (LINK_FIELD_BIT(IFNAME) | LINK_FIELD_BIT(ALTNAMES))

/* Puts a new state of a known link in place and emits the change; returns the one before, with
 * the table's reference. names are those of the new one, NULL if they are the same. */
static struct link *replace(struct table *table, struct entry *entry, struct link *after,
                            const struct link_names *names, struct change *change)
{
    struct link *before = entry->link;

    object_retire(&before->object);
    if (names) {
        remove_names(table, entry);
        entry->names = *names;
        names_insert(&table->names, &entry->names, after);
    } else {
        link_names_move(&entry->names, after);
    }
    entry->link = link_ref(after);
    relate_entry(table, entry);
    change->type = CHANGE_CHANGE;
    change->before = &before->object;
    change->after = &after->object;
    emit(table, change);
    return before;
}

/* The next line of a dump about those that name a link is to be read, even if it is the same:
 * what the link contributes to them is to be found out anew. */
static void forget_lines_of_dependents(struct table *table, int target)
{
    struct relation *relation = NULL;

    while ((relation = next_dependent(table, target, relation)))
        find(table, relation->source)->mark.digest = 0;
}

/* The same, but for one of the link itself. */
static struct relation *next_other_dependent(struct table *table, int target,
                                             const struct relation *relation)
{
    struct relation *next = next_dependent(table, target, relation);

    while (next && next->source == target)
        next = next_dependent(table, target, next);
    return next;
}

/* Whether that is the one relation by which a link shows another name of the target. */
static bool shows_other_name(struct table *table, const struct relation *relation, const char *name)
{
    const struct entry *entry = find(table, relation->source);

    if (!relation->lower)
        return strcmp(entry->link->master_name, name) != 0;
    return entry->master.target != relation->target && strcmp(entry->link->link_name, name) != 0;
}

static size_t count_outdated(struct table *table, const struct link *target)
{
    struct relation *relation = NULL;
    size_t count = 0;

    while ((relation = next_other_dependent(table, target->ifindex, relation)))
        count += shows_other_name(table, relation, target->ifname);
    return count;
}

/* Copies of those that name a link, to be what they are once it has changed. They are made
 * before: without memory, nothing changes. */
struct dependents {
    size_t count;
    struct link **links;
};

static void free_dependents(struct dependents *dependents)
{
    for (size_t i = 0; i < dependents->count; i++)
        link_unref(dependents->links[i]);
    free(dependents->links);
}

static int copy_dependents(struct table *table, int target, struct dependents *ret)
{
    struct relation *relation = NULL;
    size_t count = 0;

    *ret = (struct dependents){.count = 0};
    while ((relation = next_other_dependent(table, target, relation)))
        count++;
    if (count == 0)
        return 0;
    ret->links = calloc(count, sizeof(*ret->links));
    if (!ret->links)
        return -ENOMEM;
    while ((relation = next_other_dependent(table, target, relation))) {
        struct link *copy = link_copy(find(table, relation->source)->link);

        if (!copy) {
            free_dependents(ret);
            return -ENOMEM;
        }
        ret->links[ret->count++] = copy;
    }
    return 0;
}

/* A link got another name, or went up or down: those that name it show that too. */
static void update_dependents(struct table *table, const struct link *target,
                              enum change_source source, const struct dependents *dependents)
{
    struct relation *relation = NULL;

    for (size_t i = 0; i < dependents->count; i++) {
        struct link *after = dependents->links[i];
        struct entry *entry = find(table, after->ifindex);
        struct change change = {.source = source, .derived = true};

        relation = next_other_dependent(table, target->ifindex, relation);
        table->derived_left -= shows_other_name(table, relation, target->ifname);
        table_resolve(table, after);
        change.fields = link_compare(entry->link, after);
        if (change.fields)
            link_unref(replace(table, entry, after, NULL, &change));
    }
}

/* Links of a kind that comes in pairs name each other, but only the end that was made
 * last is reported with its peer's name. */
static bool is_new_end_of_pair(const struct table *table, const struct link *link)
{
    const struct link *peer = link_of(table, lower_target(link));

    return peer && lower_target(peer) != link->ifindex && link->info_kind && peer->info_kind &&
           strcmp(link->info_kind, peer->info_kind) == 0;
}

static void insert(struct table *table, struct entry *entry)
{
    struct entry *before;

    RB_INSERT(entries, &table->entries, entry);
    before = RB_PREV(entries, &table->entries, entry);
    if (before)
        LIST_INSERT_AFTER(before, entry, order);
    else
        LIST_INSERT_HEAD(&table->order, entry, order);
}

static struct entry *new_entry(struct link *link)
{
    struct entry *entry = quota_calloc(link->object.quota, 1, sizeof(*entry));

    if (!entry)
        return NULL;
    entry->link = link_ref(link);
    if (link_names_init(&entry->names, link) < 0)
        return free_entry(entry);
    entry->ifindex = link->ifindex;
    entry->master.source = entry->lower.source = link->ifindex;
    entry->lower.lower = true;
    return entry;
}

static int add(struct table *table, struct link *link, enum change_source source)
{
    struct change change = {.type = CHANGE_ADD, .source = source, .after = &link->object};
    struct dependents dependents;
    struct entry *entry;

    if (copy_dependents(table, link->ifindex, &dependents) < 0)
        return -ENOMEM;
    entry = new_entry(link);
    if (!entry) {
        free_dependents(&dependents);
        return -ENOMEM;
    }
    insert(table, entry);
    table->count++;
    table->orphans -= count_ports(table, link->ifindex);
    relate_entry(table, entry);
    names_insert(&table->names, &entry->names, link);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the tree has the entry */
    change.entails_more = source == CHANGE_BY_NOTIFICATION && is_new_end_of_pair(table, link);
    table->derived_left = count_outdated(table, link);
    emit(table, &change);
    update_dependents(table, link, source, &dependents);
    free_dependents(&dependents);
    return 0;
}

void table_remove(struct table *table, int ifindex, enum change_source source,
                  const struct link_destination *moved_to)
{
    struct entry *entry = find(table, ifindex);
    struct change change = {.type = CHANGE_REMOVE, .source = source};
    struct link *link;

    if (!entry)
        return;
    link = entry->link;
    change.before = &link->object;
    if (moved_to)
        change.moved_to = *moved_to;
    object_retire(&link->object);
    unrelate_entry(table, entry);
    remove_names(table, entry);
    RB_REMOVE(entries, &table->entries, entry);
    LIST_REMOVE(entry, order);
    table->count--;
    table->orphans += count_ports(table, ifindex);
    if (table->at == entry)
        table->at = NULL;
    link_ref(link);
    free_entry(entry);
    forget_lines_of_dependents(table, ifindex);
    /* Those that name it keep its name until the kernel reports them: mostly they
     * are about to go too, else the peer went into another namespace. */
    change.entails_more = next_dependent(table, ifindex, NULL) != NULL;
    emit(table, &change);
    link_unref(link);
}

static bool shows_in_others(const struct link *before, const struct link *after)
{
    return strcmp(before->ifname, after->ifname) != 0 || ((before->flags ^ after->flags) & IFF_UP);
}

static int change_entry(struct table *table, struct entry *entry, struct link *link,
                        enum change_source source)
{
    struct change change = {.source = source, .fields = link_compare(entry->link, link)};
    struct dependents dependents = {.count = 0};
    struct link_names names;
    bool is_renamed = change.fields & NAME_FIELDS;

    if (!change.fields)
        return 0;
    if (shows_in_others(entry->link, link) &&
        copy_dependents(table, link->ifindex, &dependents) < 0)
        return -ENOMEM;
    if (is_renamed && link_names_init(&names, link) < 0) {
        free_dependents(&dependents);
        return -ENOMEM;
    }
    change.flaps = unseen_flaps(entry->link, link);
    entry->mark.digest = 0;
    if (change.fields & LINK_FIELD_BIT(IFNAME))
        table->derived_left = count_outdated(table, link);
    link_unref(replace(table, entry, link, is_renamed ? &names : NULL, &change));
    update_dependents(table, link, source, &dependents);
    free_dependents(&dependents);
    return 0;
}

int table_put(struct table *table, struct link *link, enum change_source source)
{
    struct entry *entry = find_in_walk(table, link->ifindex);

    table_resolve(table, link);
    return entry ? change_entry(table, entry, link, source) : add(table, link, source);
}

int table_bearer(const struct table *table, const char *name, int ifindex)
{
    return names_bearer(&table->names, name, ifindex);
}

int table_port(const struct table *table, int master, int ifindex)
{
    struct relation key = {.target = master, .source = ifindex + 1};
    struct relation *next = ifindex == INT_MAX
                                ? NULL
                                : RB_NFIND(relations, (struct relations *)&table->relations, &key);

    while (next && next->target == master && next->lower)
        next = RB_NEXT(relations, (struct relations *)&table->relations, next);
    return next && next->target == master ? next->source : 0;
}

struct dump_mark *table_mark(struct table *table, int ifindex)
{
    struct entry *entry = find_in_walk(table, ifindex);

    return entry ? &entry->mark : NULL;
}

size_t table_count(const struct table *table)
{
    return table->count;
}

struct link *table_next(const struct table *table, int ifindex)
{
    struct table *walked = (struct table *)table;
    struct entry key = {.ifindex = ifindex};

    if (ifindex == INT_MAX)
        return NULL;
    if (walked->at && walked->at->ifindex == ifindex) {
        walked->at = LIST_NEXT(walked->at, order);
    } else {
        key.ifindex++;
        walked->at = RB_NFIND(entries, &walked->entries, &key);
    }
    return walked->at ? walked->at->link : NULL;
}

struct link *table_find(const struct table *table, int ifindex)
{
    struct entry *entry = find(table, ifindex);

    return entry ? entry->link : NULL;
}
