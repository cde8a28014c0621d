/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/last_updates.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct link_entry;

struct name_entry {
    struct name_entry *next;
    const char *name; /* the update's */
    int ifindex;
};

struct link_entry {
    struct link_entry *next;
    struct update *update;
    int ifindex;
    int master;
    size_t count; /* of its names */
    struct name_entry names[];
};

struct last_updates {
    struct link_entry *links[BUCKETS]; /* by the index */
    struct name_entry *names[BUCKETS]; /* by the name's hash */
};

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

/* FNV-1a. Names are an attacker's to choose, who gains only that one is found more slowly. */
static struct name_entry **bucket_of(struct last_updates *updates, const char *name)
{
    uint32_t hash = 2166136261U;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619U;
    return &updates->names[hash % BUCKETS];
}

static void add_name(struct last_updates *updates, struct name_entry *entry)
{
    struct name_entry **bucket = bucket_of(updates, entry->name);

    entry->next = *bucket;
    *bucket = entry;
}

static void remove_name(struct last_updates *updates, const struct name_entry *entry)
{
    struct name_entry **place = bucket_of(updates, entry->name);

    while (*place != entry)
        place = &(*place)->next;
    *place = entry->next;
}

static struct link_entry **find(struct last_updates *updates, int ifindex)
{
    struct link_entry **place = &updates->links[(unsigned)ifindex % BUCKETS];

    while (*place && (*place)->ifindex != ifindex)
        place = &(*place)->next;
    return place;
}

static void remove_entry(struct last_updates *updates, struct link_entry **place)
{
    struct link_entry *link = *place;

    *place = link->next;
    for (size_t i = 0; i < link->count; i++)
        remove_name(updates, &link->names[i]);
    update_unref(link->update);
    free(link);
}

const struct update *last_updates_find(const struct last_updates *updates, int ifindex)
{
    const struct link_entry *link = *find((struct last_updates *)(uintptr_t)updates, ifindex);

    return link ? link->update : NULL;
}

void last_updates_remove(struct last_updates *updates, int ifindex)
{
    struct link_entry **place = find(updates, ifindex);

    if (*place)
        remove_entry(updates, place);
}

void last_updates_remove_all(struct last_updates *updates)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (updates->links[i])
            remove_entry(updates, &updates->links[i]);
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
    struct link_entry *link = malloc(sizeof(*link) + count * sizeof(link->names[0])), **place;
    const char *name = NULL;

    last_updates_remove(updates, ifindex);
    if (!link)
        return -ENOMEM;
    place = &updates->links[(unsigned)ifindex % BUCKETS];
    *link = (struct link_entry){
        .next = *place,
        .update = update_ref(update),
        .ifindex = ifindex,
        .master = link_update_master(update),
        .count = count,
    };
    *place = link;
    for (size_t i = 0; i < count; i++) {
        name = link_update_next_name(update, name);
        link->names[i] = (struct name_entry){.name = name, .ifindex = ifindex};
        add_name(updates, &link->names[i]);
    }
    return 0;
}

int last_updates_find_name(const struct last_updates *updates, const char *name, int ifindex)
{
    const struct name_entry *entry = *bucket_of((struct last_updates *)(uintptr_t)updates, name);

    for (; entry; entry = entry->next)
        if (entry->ifindex != ifindex && strcmp(entry->name, name) == 0)
            return entry->ifindex;
    return 0;
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
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct link_entry *link = updates->links[i]; link; link = link->next)
            if (link->master == master && !is_among(except, count, link->ifindex))
                return link->ifindex;
    return 0;
}

int last_updates_choose(const struct last_updates *updates,
                        bool (*is_chosen)(void *user, int ifindex), void *user)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct link_entry *link = updates->links[i]; link; link = link->next)
            if (is_chosen(user, link->ifindex))
                return link->ifindex;
    return 0;
}
