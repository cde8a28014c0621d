/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/object_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/array.h"

void object_set_clear(struct object_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        object_unref(set->objects[i]);
    free(set->objects);
    *set = (struct object_set){0};
}

/* The place of the first object that does not stand before the key. */
static size_t place_of(const struct object_set *set, object_order order, const void *key)
{
    size_t low = 0;
    size_t high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (order(set->objects[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct object_set *set, object_order order, size_t place, const void *key)
{
    return place < set->count && order(set->objects[place], key) == 0;
}

int object_set_reserve(struct object_set *set)
{
    return array_grow(&set->objects, &set->capacity, set->count + 1, sizeof(struct object *));
}

int object_set_copy(const struct object_set *set, struct object_set *ret)
{
    struct object_set copy = *set;

    if (set->count == 0) {
        *ret = (struct object_set){0};
        return 0;
    }
    copy.objects = calloc(set->capacity, sizeof(struct object *));
    if (!copy.objects)
        return -ENOMEM;
    for (size_t i = 0; i < set->count; i++)
        copy.objects[i] = object_ref(set->objects[i]);
    *ret = copy;
    return 0;
}

int object_set_put(struct object_set *set, object_order order, struct object *object, size_t limit)
{
    size_t place = place_of(set, order, object);
    bool replaces = is_at(set, order, place, object);
    size_t before = replaces ? object_bytes(set->objects[place]) : 0;

    if (set->bytes + object_bytes(object) - before > limit)
        return -E2BIG;
    if (!replaces) {
        int r = object_set_reserve(set);

        if (r < 0)
            return r;
        memmove(&set->objects[place + 1], &set->objects[place],
                (set->count - place) * sizeof(set->objects[0]));
        set->count++;
        set->objects[place] = NULL;
    }
    object_ref(object);
    object_unref(set->objects[place]);
    set->objects[place] = object;
    set->bytes += object_bytes(object) - before;
    return 0;
}

void object_set_drop(struct object_set *set, object_order order, const void *key)
{
    size_t place = place_of(set, order, key);

    if (!is_at(set, order, place, key))
        return;
    set->bytes -= object_bytes(set->objects[place]);
    object_unref(set->objects[place]);
    set->count--;
    memmove(&set->objects[place], &set->objects[place + 1],
            (set->count - place) * sizeof(set->objects[0]));
    if (set->count == 0)
        object_set_clear(set);
}

struct object *object_set_get(const struct object_set *set, object_order order, const void *key)
{
    size_t place = place_of(set, order, key);

    return is_at(set, order, place, key) ? set->objects[place] : NULL;
}

struct object *object_set_next(const struct object_set *set, object_order order, const void *key)
{
    size_t place = place_of(set, order, key);

    if (is_at(set, order, place, key))
        place++;
    return place < set->count ? set->objects[place] : NULL;
}

bool object_walk_next(struct object_walk *walk, struct object **ret_a, struct object **ret_b)
{
    struct object *a = walk->at_a < walk->a->count ? walk->a->objects[walk->at_a] : NULL;
    struct object *b = walk->at_b < walk->b->count ? walk->b->objects[walk->at_b] : NULL;
    int order = a && b ? walk->order(a, b) : a ? -1 : 1;

    *ret_a = order <= 0 ? a : NULL;
    *ret_b = order >= 0 ? b : NULL;
    walk->at_a += *ret_a != NULL;
    walk->at_b += *ret_b != NULL;
    return a || b;
}
