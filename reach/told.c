/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/told.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct known;

struct bearing {
    struct bearing *next;
    const char *name; /* the update's */
    int ifindex;
};

struct known {
    struct known *next;
    struct update *update;
    int ifindex;
    int master;
    size_t count; /* of its names */
    struct bearing bearings[];
};

struct told {
    struct known *links[BUCKETS];   /* by the index */
    struct bearing *names[BUCKETS]; /* by the name's hash */
};

struct told *told_new(void)
{
    return calloc(1, sizeof(struct told));
}

struct told *told_free(struct told *told)
{
    if (!told)
        return NULL;
    told_forget_all(told);
    free(told);
    return NULL;
}

/* FNV-1a. Names are an attacker's to choose, who gains only that one is found more slowly. */
static struct bearing **bucket_of(struct told *told, const char *name)
{
    uint32_t hash = 2166136261U;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619U;
    return &told->names[hash % BUCKETS];
}

static void bear(struct told *told, struct bearing *bearing)
{
    struct bearing **bucket = bucket_of(told, bearing->name);

    bearing->next = *bucket;
    *bucket = bearing;
}

static void stop_bearing(struct told *told, const struct bearing *bearing)
{
    struct bearing **place = bucket_of(told, bearing->name);

    while (*place != bearing)
        place = &(*place)->next;
    *place = bearing->next;
}

static struct known **find(struct told *told, int ifindex)
{
    struct known **place = &told->links[(unsigned)ifindex % BUCKETS];

    while (*place && (*place)->ifindex != ifindex)
        place = &(*place)->next;
    return place;
}

static void forget(struct told *told, struct known **place)
{
    struct known *known = *place;

    *place = known->next;
    for (size_t i = 0; i < known->count; i++)
        stop_bearing(told, &known->bearings[i]);
    update_unref(known->update);
    free(known);
}

const struct update *told_find(const struct told *told, int ifindex)
{
    const struct known *known = *find((struct told *)(uintptr_t)told, ifindex);

    return known ? known->update : NULL;
}

void told_forget(struct told *told, int ifindex)
{
    struct known **place = find(told, ifindex);

    if (*place)
        forget(told, place);
}

void told_forget_all(struct told *told)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (told->links[i])
            forget(told, &told->links[i]);
}

static size_t count_names(const struct update *update)
{
    size_t count = 0;

    for (const char *name = NULL; (name = update_next_name(update, name));)
        count++;
    return count;
}

int told_set(struct told *told, struct update *update)
{
    int ifindex = update_ifindex(update);
    size_t count = count_names(update);
    struct known *known = malloc(sizeof(*known) + count * sizeof(known->bearings[0])), **place;
    const char *name = NULL;

    told_forget(told, ifindex);
    if (!known)
        return -ENOMEM;
    place = &told->links[(unsigned)ifindex % BUCKETS];
    *known = (struct known){
        .next = *place,
        .update = update_ref(update),
        .ifindex = ifindex,
        .master = update_master(update),
        .count = count,
    };
    *place = known;
    for (size_t i = 0; i < count; i++) {
        name = update_next_name(update, name);
        known->bearings[i] = (struct bearing){.name = name, .ifindex = ifindex};
        bear(told, &known->bearings[i]);
    }
    return 0;
}

int told_bearer(const struct told *told, const char *name, int ifindex)
{
    const struct bearing *bearing = *bucket_of((struct told *)(uintptr_t)told, name);

    for (; bearing; bearing = bearing->next)
        if (bearing->ifindex != ifindex && strcmp(bearing->name, name) == 0)
            return bearing->ifindex;
    return 0;
}

static bool is_among(const int *list, size_t count, int ifindex)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == ifindex)
            return true;
    return false;
}

int told_port(const struct told *told, int master, const int *except, size_t count)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct known *known = told->links[i]; known; known = known->next)
            if (known->master == master && !is_among(except, count, known->ifindex))
                return known->ifindex;
    return 0;
}

int told_choose(const struct told *told, bool (*is_chosen)(void *user, int ifindex), void *user)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct known *known = told->links[i]; known; known = known->next)
            if (is_chosen(user, known->ifindex))
                return known->ifindex;
    return 0;
}
