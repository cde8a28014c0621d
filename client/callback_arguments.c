/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/callback_arguments.h"

#include <errno.h>
#include <stddef.h>

#include "client/sized_struct.h"

int copy_callbacks(const struct linkwatch_callbacks *callbacks, struct linkwatch_callbacks *ret)
{
    return sized_struct_copy(ret, sizeof(*ret), callbacks, callbacks->size,
                             offsetof(struct linkwatch_callbacks, add));
}

enum linkwatch_learned linkwatch_event_learned(const struct linkwatch_event *event)
{
    return event->learned;
}

int64_t linkwatch_event_flaps(const struct linkwatch_event *event)
{
    return event->flaps;
}

bool linkwatch_event_more_follows(const struct linkwatch_event *event)
{
    return event->more_follows;
}

static int give(int64_t value, int64_t *ret)
{
    if (value < 0)
        return -ENODATA;
    *ret = value;
    return 0;
}

int linkwatch_event_get_new_netnsid(const struct linkwatch_event *event, int64_t *ret)
{
    return give(event->has_new_netnsid ? event->new_netnsid : -1, ret);
}

int linkwatch_event_get_new_ifindex(const struct linkwatch_event *event, int64_t *ret)
{
    return give(event->new_ifindex ? event->new_ifindex : -1, ret);
}

int linkwatch_event_get_sequence(const struct linkwatch_event *event, int64_t *ret)
{
    return give(event->instance ? event->sequence : -1, ret);
}

int linkwatch_event_get_instance(const struct linkwatch_event *event, const char **ret)
{
    if (!event->instance)
        return -ENODATA;
    *ret = event->instance;
    return 0;
}

int linkwatch_event_get_realtime(const struct linkwatch_event *event, int64_t *ret)
{
    return give(event->realtime, ret);
}

int linkwatch_event_get_monotonic(const struct linkwatch_event *event, int64_t *ret)
{
    return give(event->monotonic, ret);
}

const char *linkwatch_source_standing(const struct linkwatch_source *source)
{
    return source->standing;
}

const char *linkwatch_source_reason(const struct linkwatch_source *source)
{
    return source->reason;
}

int linkwatch_source_get_errno(const struct linkwatch_source *source, int *ret)
{
    if (!source->error)
        return -ENODATA;
    *ret = source->error;
    return 0;
}

int linkwatch_source_get_errno_name(const struct linkwatch_source *source, const char **ret)
{
    if (!source->error_name)
        return -ENODATA;
    *ret = source->error_name;
    return 0;
}

bool linkwatch_source_is_stale(const struct linkwatch_source *source)
{
    return source->stale;
}

int linkwatch_source_get_last_dump(const struct linkwatch_source *source, int64_t *ret)
{
    return give(source->last_dump, ret);
}
