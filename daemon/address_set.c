/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/address_set.h"

static int compare(const struct address_entry *a, const struct address_entry *b)
{
    return address_order(&a->address->key, &b->address->key);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(address_tree, address_entry, node, compare, STATIC)

void address_set_init(struct address_set *set, struct quota *quota)
{
    *set = (struct address_set){.quota = quota};
    RB_INIT(&set->tree);
    TAILQ_INIT(&set->order);
}

static void place(struct address_set *set, struct address_entry *entry)
{
    if (set->at)
        TAILQ_INSERT_AFTER(&set->order, set->at, entry, order);
    else
        TAILQ_INSERT_HEAD(&set->order, entry, order);
}

struct address_entry *address_set_insert(struct address_set *set, struct address *address,
                                         enum address_state state)
{
    struct address_entry *entry = quota_calloc(set->quota, 1, sizeof(*entry));

    if (!entry)
        return NULL;
    entry->address = address_ref(address);
    entry->state = state;
    RB_INSERT(address_tree, &set->tree, entry);
    if (set->at)
        place(set, entry);
    else
        TAILQ_INSERT_TAIL(&set->order, entry, order);
    if (state == ADDRESS_GONE)
        set->gone++;
    else
        set->count++;
    return entry;
}

void address_set_drop(struct address_set *set, struct address_entry *entry)
{
    if (set->at == entry)
        set->at = TAILQ_PREV(entry, address_list, order);
    if (entry->state == ADDRESS_GONE)
        set->gone--;
    else
        set->count--;
    RB_REMOVE(address_tree, &set->tree, entry);
    TAILQ_REMOVE(&set->order, entry, order);
    address_unref(entry->address);
    quota_free(set->quota, entry, 1, sizeof(*entry));
}

struct address_entry *address_set_find(const struct address_set *set, struct address *address)
{
    struct address_entry key = {.address = address};

    return RB_FIND(address_tree, (struct address_tree *)&set->tree, &key);
}

struct address_entry *address_set_from(const struct address_set *set, const struct address_key *key)
{
    struct address address = {.key = *key};
    struct address_entry entry = {.address = &address};

    return RB_NFIND(address_tree, (struct address_tree *)&set->tree, &entry);
}

struct address_entry *address_set_next(struct address_entry *entry)
{
    return RB_NEXT(address_tree, NULL, entry);
}

struct address_entry *address_set_first_of(const struct address_set *set, int ifindex)
{
    struct address_entry *entry = address_set_from(set, &(struct address_key){.ifindex = ifindex});

    return entry && entry->address->key.ifindex == ifindex ? entry : NULL;
}

struct address_entry *address_set_next_of_link(struct address_entry *entry)
{
    struct address_entry *next = address_set_next(entry);

    return next && next->address->key.ifindex == entry->address->key.ifindex ? next : NULL;
}

struct address_entry *address_set_expected(const struct address_set *set)
{
    return set->at ? TAILQ_NEXT(set->at, order) : TAILQ_FIRST(&set->order);
}

void address_set_go_to(struct address_set *set, struct address_entry *entry)
{
    if (entry != set->at && entry != address_set_expected(set)) {
        TAILQ_REMOVE(&set->order, entry, order);
        place(set, entry);
    }
    set->at = entry;
}
