/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/subject_object.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/allocation.h"

void object_init(struct object *object, enum subject_number subject, size_t size)
{
    object->references = 1;
    object->size = (uint32_t)size;
    object->subject = (uint8_t)subject;
}

bool object_charge(struct object *object, struct quota *quota)
{
    if (!quota_take(quota, object_bytes(object)))
        return false;
    object->quota = quota;
    return true;
}

size_t object_bytes(const struct object *object)
{
    return allocation_bytes(object->size);
}

/* A link begins with the object that it is. */
static struct object *link_of(const struct object *object)
{
    return (struct object *)object->link;
}

static void forget_json(struct object *object)
{
    if (object->json)
        quota_give(object->quota, buffer_bytes(object->json));
    object->json = buffer_unref(object->json);
}

void object_keep_json(struct object *object, struct buffer *json)
{
    forget_json(object);
    if (!object->past && quota_take(object->quota, buffer_bytes(json)))
        object->json = buffer_ref(json);
}

void object_retire(struct object *object)
{
    forget_json(object);
    object->past = true;
}

struct object *object_ref(struct object *object)
{
    if (object)
        object->references++;
    return object;
}

struct object *object_unref(struct object *object)
{
    while (object && --object->references == 0) {
        struct object *link = link_of(object);

        forget_json(object);
        quota_give(object->quota, object_bytes(object));
        free(object);
        object = link;
    }
    return NULL;
}

struct object *object_copy(const struct object *object)
{
    struct object *copy = malloc(object->size);

    if (!copy)
        return NULL;
    memcpy(copy, object, object->size);
    if (!object_charge(copy, object->quota)) {
        free(copy);
        return NULL;
    }
    copy->references = 1;
    copy->held = 0;
    copy->json = NULL;
    copy->past = false;
    object_ref(link_of(copy));
    return copy;
}
