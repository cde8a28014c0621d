/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/update.h"

#include <stdlib.h>
#include <string.h>

struct update *update_new(uint32_t group, size_t room)
{
    struct update *update = malloc(sizeof(*update) + room);

    if (update)
        *update = (struct update){.references = 1, .group = group};
    return update;
}

struct update *update_ref(struct update *update)
{
    update->references++;
    return update;
}

struct update *update_unref(struct update *update)
{
    if (update && --update->references == 0)
        free(update);
    return NULL;
}

void update_put(struct update *update, unsigned type, const void *data, size_t size)
{
    struct rtattr *attribute = (struct rtattr *)(void *)(update->data + update->size);

    attribute->rta_type = (unsigned short)type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(size);
    if (size > 0)
        memcpy(RTA_DATA(attribute), data, size);
    memset((char *)RTA_DATA(attribute) + size, 0, RTA_SPACE(size) - RTA_LENGTH(size));
    update->size += RTA_SPACE(size);
}

void update_finish(struct update *update, uint16_t type)
{
    struct nlmsghdr *header = (struct nlmsghdr *)(void *)update->data;

    *header = (struct nlmsghdr){.nlmsg_len = (uint32_t)update->size, .nlmsg_type = type};
}

bool update_queue_push(struct update_queue *queue, struct update *update)
{
    if (queue->count == UPDATES_MAX)
        return false;
    queue->ring[(queue->first + queue->count++) % UPDATES_MAX] = update_ref(update);
    return true;
}

const struct update *update_queue_first(const struct update_queue *queue)
{
    return queue->count > 0 ? queue->ring[queue->first] : NULL;
}

void update_queue_pop(struct update_queue *queue)
{
    if (queue->count == 0)
        return;
    update_unref(queue->ring[queue->first]);
    queue->first = (queue->first + 1) % UPDATES_MAX;
    queue->count--;
}
