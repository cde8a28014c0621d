#include "daemon/table.h"

#include <bsd/sys/tree.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

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
    uint64_t told_in;     /* number of the last dump that told it */
    uint64_t notified_in; /* the last one under which a notification told it */
    unsigned missed;      /* dumps that ended without it, up to the last */
    /* Of the line of a dump that link was read from; 0 where it was not, or where the same
     * line may have to be read anew. */
    uint64_t digest;
};

RB_HEAD(entries, entry);
LIST_HEAD(order, entry);
RB_HEAD(relations, relation);

struct table {
    struct entries entries;
    struct order order;
    struct relations relations;
    struct entry *at; /* where a walk is: a dump tells links in their order, mostly */
    size_t count;
    uint64_t dump; /* number of the last dump begun */
    size_t told;
    size_t doubted;
    bool native;
    /* Links that are gone by a notification since the dump was begun, while it lasts. */
    bool dumping;
    int *gone;
    size_t gone_count;
    size_t gone_capacity;
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
    table->handler = handler;
    table->user = user;
    return table;
}

struct table *table_free(struct table *table)
{
    struct entry *entry, *next;

    if (!table)
        return NULL;
    for (entry = LIST_FIRST(&table->order); entry; entry = next) {
        next = LIST_NEXT(entry, order);
        link_unref(entry->link);
        free(entry);
    }
    free(table->gone);
    free(table);
    return NULL;
}

static struct entry *find(const struct table *table, int ifindex)
{
    struct entry key = {.ifindex = ifindex};

    return RB_FIND(entries, (struct entries *)&table->entries, &key);
}

/* The same for whoever goes through the links: the one that is asked for is most often
 * the next one. */
static struct entry *find_in_walk(struct table *table, int ifindex)
{
    struct entry *entry = table->at ? LIST_NEXT(table->at, order) : NULL;

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

static void relate_entry(struct table *table, struct entry *entry)
{
    relate(table, &entry->master, master_target(entry->link));
    relate(table, &entry->lower, lower_target(entry->link));
}

static void unrelate_entry(struct table *table, struct entry *entry)
{
    relate(table, &entry->master, 0);
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

static void tell(struct table *table, const struct change *change)
{
    table->handler(table->user, change);
}

static const struct link *link_of(const struct table *table, int ifindex)
{
    return ifindex ? table_find(table, ifindex) : NULL;
}

static void resolve(const struct table *table, struct link *link)
{
    link_resolve(link, link_of(table, master_target(link)), link_of(table, lower_target(link)));
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
    seen = before->has_carrier && after->has_carrier && before->carrier != after->carrier;
    return counted > seen ? counted - seen : 0;
}

/* Puts a new state of a known link in place and tells it; gives back the one before,
 * with the table's reference. */
static struct link *replace(struct table *table, struct entry *entry, struct link *after,
                            struct change *change)
{
    struct link *before = entry->link;

    /* Nobody asks for a snapshot of what is past. */
    before->json = buffer_unref(before->json);
    entry->link = link_ref(after);
    relate_entry(table, entry);
    change->type = CHANGE_CHANGE;
    change->before = before;
    change->after = after;
    tell(table, change);
    return before;
}

/* The next line of a dump about those that name a link is to be read, whatever it says:
 * what the link contributes to them is to be found out anew. */
static void forget_lines_of_dependents(struct table *table, int target)
{
    struct relation *relation = NULL;

    while ((relation = next_dependent(table, target, relation)))
        find(table, relation->source)->digest = 0;
}

/* A link got another name, or went up or down: those that name it show that too. */
static int update_dependents(struct table *table, int target, enum change_source source)
{
    struct relation *relation = NULL;

    while ((relation = next_dependent(table, target, relation))) {
        struct entry *entry = find(table, relation->source);
        struct change change = {.source = source, .derived = true};
        struct link *after = link_copy(entry->link);

        if (!after) {
            forget_lines_of_dependents(table, target);
            return -ENOMEM;
        }
        resolve(table, after);
        change.fields = link_compare(entry->link, after);
        if (change.fields)
            link_unref(replace(table, entry, after, &change));
        link_unref(after);
    }
    return 0;
}

/* Links of a kind that comes in pairs name each other, but only the end that was made
 * last is told with its peer's name. */
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

static int add(struct table *table, struct link *link, enum change_source source)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    struct change change = {.type = CHANGE_ADD, .source = source, .after = link};

    if (!entry)
        return -ENOMEM;
    entry->ifindex = link->ifindex;
    entry->link = link_ref(link);
    entry->told_in = table->dump;
    entry->master.source = entry->lower.source = link->ifindex;
    entry->lower.lower = true;
    insert(table, entry);
    table->count++;
    relate_entry(table, entry);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the tree has the entry */
    change.entails_more = source == CHANGE_BY_NOTIFICATION && is_new_end_of_pair(table, link);
    tell(table, &change);
    return update_dependents(table, link->ifindex, source);
}

static void remove_entry(struct table *table, struct entry *entry, enum change_source source)
{
    struct link *link = entry->link;
    struct change change = {.type = CHANGE_REMOVE, .source = source, .before = link};

    /* The history may hold it for long, and does not count this. */
    link->json = buffer_unref(link->json);
    unrelate_entry(table, entry);
    RB_REMOVE(entries, &table->entries, entry);
    LIST_REMOVE(entry, order);
    table->count--;
    if (table->at == entry)
        table->at = NULL;
    free(entry);
    forget_lines_of_dependents(table, link->ifindex);
    /* Those that name it keep its name until the kernel tells of them: mostly they
     * are about to go too, else the peer went into another namespace. */
    change.entails_more = next_dependent(table, link->ifindex, NULL) != NULL;
    tell(table, &change);
    link_unref(link);
}

static int change_entry(struct table *table, struct entry *entry, struct link *link,
                        enum change_source source)
{
    struct change change = {.source = source, .fields = link_compare(entry->link, link)};
    struct link *before;
    bool renamed, up_changed;

    if (!change.fields)
        return 0;
    change.flaps = unseen_flaps(entry->link, link);
    entry->digest = 0;
    before = replace(table, entry, link, &change);
    renamed = strcmp(before->ifname, link->ifname) != 0;
    up_changed = ((before->flags ^ link->flags) & IFF_UP) != 0;
    link_unref(before);
    return renamed || up_changed ? update_dependents(table, link->ifindex, source) : 0;
}

static int apply(struct table *table, struct link *link, enum change_source source)
{
    struct entry *entry = find_in_walk(table, link->ifindex);

    resolve(table, link);
    if (entry && link_is_another(entry->link, link)) {
        remove_entry(table, entry, source);
        entry = NULL;
    }
    if (!entry)
        return add(table, link, source);
    entry->told_in = table->dump;
    entry->missed = 0;
    return change_entry(table, entry, link, source);
}

int table_notified(struct table *table, struct link *link)
{
    int r = apply(table, link, CHANGE_BY_NOTIFICATION);

    if (r >= 0)
        find(table, link->ifindex)->notified_in = table->dump;
    return r;
}

/* Without the memory for it, a late line may bring the link back until the next dump. */
static void remember_gone(struct table *table, int ifindex)
{
    size_t capacity = table->gone_capacity ? table->gone_capacity * 2 : 16;

    if (!table->dumping)
        return;
    if (table->gone_count == table->gone_capacity) {
        int *gone = realloc(table->gone, capacity * sizeof(*gone));

        if (!gone)
            return;
        table->gone = gone;
        table->gone_capacity = capacity;
    }
    table->gone[table->gone_count++] = ifindex;
}

static bool is_gone(const struct table *table, int ifindex)
{
    for (size_t i = 0; i < table->gone_count; i++)
        if (table->gone[i] == ifindex)
            return true;
    return false;
}

void table_notified_gone(struct table *table, int ifindex)
{
    struct entry *entry = find(table, ifindex);

    remember_gone(table, ifindex);
    if (entry)
        remove_entry(table, entry, CHANGE_BY_NOTIFICATION);
}

static void forget_gone(struct table *table)
{
    free(table->gone);
    table->gone = NULL;
    table->gone_count = table->gone_capacity = 0;
}

void table_dump_begin(struct table *table)
{
    table->dump++;
    table->told = 0;
    table->doubted = 0;
    table->native = false;
    table->dumping = true;
    forget_gone(table);
}

/* Whether a line may be older than what a notification told. */
static bool is_doubtful(struct table *table, struct link *link)
{
    struct entry *entry = find_in_walk(table, link->ifindex);

    if (!entry)
        return is_gone(table, link->ifindex);
    if (entry->notified_in != table->dump)
        return false;
    resolve(table, link);
    return link_is_another(entry->link, link) || link_compare(entry->link, link) != 0;
}

int table_dump_line(struct table *table, struct link *link)
{
    table->told++;
    if (link->known & LINK_FIELD_BIT(OPERSTATE))
        table->native = true;
    if (is_doubtful(table, link)) {
        table->doubted++;
        return 1;
    }
    return apply(table, link, CHANGE_BY_DUMP);
}

bool table_dump_repeats(struct table *table, int ifindex, uint64_t digest)
{
    struct entry *entry = find_in_walk(table, ifindex);

    if (!entry || !digest || entry->digest != digest)
        return false;
    table->told++;
    if (entry->link->known & LINK_FIELD_BIT(OPERSTATE))
        table->native = true;
    entry->told_in = table->dump;
    entry->missed = 0;
    return true;
}

void table_remember_line(struct table *table, int ifindex, uint64_t digest)
{
    struct entry *entry = find(table, ifindex);

    if (entry)
        entry->digest = digest;
}

void table_dump_end(struct table *table, struct table_verdict *ret)
{
    struct table_verdict verdict = {
        .told = table->told, .doubted = table->doubted, .native = table->native};
    struct entry *entry;

    table->dumping = false;
    forget_gone(table);
    LIST_FOREACH(entry, &table->order, order)
    {
        if (entry->told_in == table->dump || table->told == 0)
            continue;
        entry->missed++;
        verdict.missing++;
    }
    *ret = verdict;
}

size_t table_remove_missing(struct table *table, unsigned dumps)
{
    struct entry *entry, *next;
    size_t removed = 0;

    for (entry = LIST_FIRST(&table->order); entry; entry = next) {
        next = LIST_NEXT(entry, order);
        if (entry->missed < dumps)
            continue;
        remove_entry(table, entry, CHANGE_BY_DUMP);
        removed++;
    }
    return removed;
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
