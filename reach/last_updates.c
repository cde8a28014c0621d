/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/last_updates.h"

#include <bsd/sys/tree.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct name_entry {
    RB_ENTRY(name_entry) node;
    const char *name; /* the update's */
    int ifindex;
};

struct link_entry {
    RB_ENTRY(link_entry) by_index;
    RB_ENTRY(link_entry) by_master;
    struct update *update;
    int ifindex;
    int master;
    size_t count; /* of its names */
    struct name_entry names[];
};

RB_HEAD(links_by_index, link_entry);
RB_HEAD(links_by_master, link_entry); /* and by their own index */
RB_HEAD(links_by_name, name_entry);   /* and by their index: of two, one is about to lose it */

struct last_updates {
    struct links_by_index links;
    struct links_by_master ports;
    struct links_by_name names;
};

static int compare_numbers(int a, int b)
{
    return (a > b) - (a < b);
}

static int compare_indexes(const struct link_entry *a, const struct link_entry *b)
{
    return compare_numbers(a->ifindex, b->ifindex);
}

static int compare_masters(const struct link_entry *a, const struct link_entry *b)
{
    int order = compare_numbers(a->master, b->master);

    return order ? order : compare_indexes(a, b);
}

static int compare_names(const struct name_entry *a, const struct name_entry *b)
{
    int order = strcmp(a->name, b->name);

    return order ? order : compare_numbers(a->ifindex, b->ifindex);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(links_by_index, link_entry, by_index, compare_indexes, STATIC)
RB_GENERATE_INTERNAL(links_by_master, link_entry, by_master, compare_masters, STATIC)
RB_GENERATE_INTERNAL(links_by_name, name_entry, node, compare_names, STATIC)

struct last_updates *last_updates_new(void)
{
    return calloc(1, sizeof(struct last_updates));
}

struct last_updates *last_updates_free(struct last_updates *updates)
{
    if (!updates)
        return NULL;
    last_updates_remove_all(updates);
    free(updates);
    return NULL;
}

static struct link_entry *find(const struct last_updates *updates, int ifindex)
{
    struct link_entry wanted = {.ifindex = ifindex};

    return RB_FIND(links_by_index, (struct links_by_index *)&updates->links, &wanted);
}

static void remove_entry(struct last_updates *updates, struct link_entry *link)
{
    RB_REMOVE(links_by_index, &updates->links, link);
    RB_REMOVE(links_by_master, &updates->ports, link);
    for (size_t i = 0; i < link->count; i++)
        if (link->names[i].name)
            RB_REMOVE(links_by_name, &updates->names, &link->names[i]);
    update_unref(link->update);
    free(link);
}

const struct update *last_updates_find(const struct last_updates *updates, int ifindex)
{
    const struct link_entry *link = find(updates, ifindex);

    return link ? link->update : NULL;
}

void last_updates_remove(struct last_updates *updates, int ifindex)
{
    struct link_entry *link = find(updates, ifindex);

    if (link)
        remove_entry(updates, link);
}

void last_updates_remove_all(struct last_updates *updates)
{
    while (!RB_EMPTY(&updates->links))
        remove_entry(updates, RB_ROOT(&updates->links));
}

static size_t count_names(const struct update *update)
{
    size_t count = 0;

    for (const char *name = NULL; (name = link_update_next_name(update, name));)
        count++;
    return count;
}

int last_updates_set(struct last_updates *updates, struct update *update)
{
    int ifindex = link_update_ifindex(update);
    size_t count = count_names(update);
    struct link_entry *link = malloc(sizeof(*link) + count * sizeof(link->names[0]));
    const char *name = NULL;

    last_updates_remove(updates, ifindex);
    if (!link)
        return -ENOMEM;
    *link = (struct link_entry){
        .update = update_ref(update),
        .ifindex = ifindex,
        .master = link_update_master(update),
        .count = count,
    };
    RB_INSERT(links_by_index, &updates->links, link);
    RB_INSERT(links_by_master, &updates->ports, link);
    for (size_t i = 0; i < count; i++) {
        name = link_update_next_name(update, name);
        link->names[i] = (struct name_entry){.name = name, .ifindex = ifindex};
        /* It may have the same one twice. */
        if (RB_INSERT(links_by_name, &updates->names, &link->names[i]))
            link->names[i].name = NULL;
    }
    return 0;
}

int last_updates_find_name(const struct last_updates *updates, const char *name, int ifindex)
{
    struct name_entry first = {.name = name, .ifindex = 0};
    struct name_entry *entry =
        RB_NFIND(links_by_name, (struct links_by_name *)&updates->names, &first);

    if (entry && entry->ifindex == ifindex)
        entry = RB_NEXT(links_by_name, &updates->names, entry);
    return entry && strcmp(entry->name, name) == 0 ? entry->ifindex : 0;
}

static bool is_among(const int *list, size_t count, int ifindex)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == ifindex)
            return true;
    return false;
}

int last_updates_find_port(const struct last_updates *updates, int master, const int *except,
                           size_t count)
{
    struct link_entry first = {.master = master};
    struct link_entry *link =
        RB_NFIND(links_by_master, (struct links_by_master *)&updates->ports, &first);

    while (link && link->master == master && is_among(except, count, link->ifindex))
        link = RB_NEXT(links_by_master, &updates->ports, link);
    return link && link->master == master ? link->ifindex : 0;
}

int last_updates_choose(const struct last_updates *updates,
                        bool (*is_chosen)(void *user, int ifindex), void *user)
{
    struct link_entry *link;

    RB_FOREACH (link, links_by_index, (struct links_by_index *)&updates->links) {
        if (is_chosen(user, link->ifindex))
            return link->ifindex;
    }
    return 0;
}
