/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/link_snapshot.h"

#include <errno.h>

#include "client/address_object.h"
#include "client/link_set.h"

void snapshot_clear(struct snapshot *snapshot)
{
    object_set_clear(&snapshot->links);
    object_set_clear(&snapshot->addresses);
}

int snapshot_copy(const struct snapshot *snapshot, struct snapshot *ret)
{
    struct snapshot copy = {.links = {0}};

    if (object_set_copy(&snapshot->links, &copy.links) < 0 ||
        object_set_copy(&snapshot->addresses, &copy.addresses) < 0) {
        snapshot_clear(&copy);
        return -ENOMEM;
    }
    *ret = copy;
    return 0;
}

void snapshot_replace(struct snapshot *snapshot, struct snapshot *from)
{
    snapshot_clear(snapshot);
    *snapshot = *from;
    *from = (struct snapshot){.links = {0}};
}

size_t snapshot_room(size_t limit, const struct object_set *other)
{
    return limit > other->bytes ? limit - other->bytes : 0;
}

static void drop_link(struct snapshot *snapshot, int ifindex)
{
    struct linkwatch_address *address;

    while ((address = address_set_next(&snapshot->addresses, ifindex, NULL)))
        address_set_drop(&snapshot->addresses, address);
    link_set_drop(&snapshot->links, ifindex);
}

static int put_link(struct snapshot *snapshot, const struct apply_options *options,
                    struct linkwatch_link *link)
{
    return link_set_put(&snapshot->links, link,
                        snapshot_room(options->limit, &snapshot->addresses));
}

static bool is_addition(enum message_type type)
{
    return type == MESSAGE_ADD || type == MESSAGE_SNAPSHOT;
}

/* Whether there may be such an event about an object that was there before, or was not. */
static bool may_fit(const struct apply_options *options, enum message_type type, const void *before)
{
    return options->incomplete || (is_addition(type) ? !before : before || options->filtered);
}

static struct linkwatch_event by_filter(const struct linkwatch_event *event)
{
    struct linkwatch_event copy = *event;

    copy.learned = LINKWATCH_LEARNED_FILTER;
    return copy;
}

static int add_link(struct snapshot *snapshot, const struct apply_options *options,
                    struct linkwatch_link *link, const struct linkwatch_event *event,
                    struct steps *reports)
{
    int r = steps_add(reports, MESSAGE_ADD, NULL, link, event);

    return r < 0 ? r : put_link(snapshot, options, link);
}

/* The addresses that a link still has go before it. */
static int remove_link(struct snapshot *snapshot, struct linkwatch_link *link,
                       const struct linkwatch_event *event, struct steps *reports)
{
    int ifindex = linkwatch_link_ifindex(link);
    struct linkwatch_address *address = NULL;
    int r = 0;

    while (r >= 0 && (address = address_set_next(&snapshot->addresses, ifindex, address)))
        r = steps_add_address(reports, MESSAGE_REMOVE, address, NULL, event);
    if (r >= 0)
        r = steps_add(reports, MESSAGE_REMOVE, link, NULL, event);
    if (r >= 0)
        drop_link(snapshot, ifindex);
    return r;
}

/* One that did not match the filter and was sent all the same stays. */
static int change_link(struct snapshot *snapshot, const struct apply_options *options,
                       struct linkwatch_link *before, const struct step *step,
                       struct steps *reports)
{
    struct linkwatch_event event = by_filter(&step->event);
    int r = steps_add(reports, MESSAGE_CHANGE, before, step->now, &step->event);

    if (r < 0)
        return r;
    if (linkwatch_filter_matches(options->filter, before) &&
        !linkwatch_filter_matches(options->filter, step->now))
        return remove_link(snapshot, step->now, &event, reports);
    return put_link(snapshot, options, step->now);
}

static int apply_to_link(struct snapshot *snapshot, const struct apply_options *options,
                         const struct step *step, struct steps *reports)
{
    struct linkwatch_link *now = step->now;
    struct linkwatch_link *before = link_set_get(&snapshot->links, linkwatch_link_ifindex(now));
    struct linkwatch_event event;

    if (!may_fit(options, step->type, before))
        return -EBADMSG;
    if (is_addition(step->type))
        return add_link(snapshot, options, now, &step->event, reports);
    if (step->type == MESSAGE_REMOVE)
        return before ? remove_link(snapshot, now, &step->event, reports) : 0;
    if (before)
        return change_link(snapshot, options, before, step, reports);
    /* It came into the filter, or is passing it on its way. */
    event = by_filter(&step->event);
    return linkwatch_filter_matches(options->filter, now)
               ? add_link(snapshot, options, now, &event, reports)
               : 0;
}

static int put_address(struct snapshot *snapshot, const struct apply_options *options,
                       struct linkwatch_address *before, const struct step *step,
                       struct steps *reports)
{
    bool came_into_filter = step->type == MESSAGE_CHANGE && !before;
    struct linkwatch_event event = came_into_filter ? by_filter(&step->event) : step->event;
    int r = steps_add_address(reports, before ? MESSAGE_CHANGE : MESSAGE_ADD, before,
                              step->address_now, &event);

    return r < 0 ? r
                 : address_set_put(&snapshot->addresses, step->address_now,
                                   snapshot_room(options->limit, &snapshot->links));
}

/* An address is here if its link is. */
static int apply_to_address(struct snapshot *snapshot, const struct apply_options *options,
                            const struct step *step, struct steps *reports)
{
    struct linkwatch_address *now = step->address_now;
    struct linkwatch_address *before = address_set_get(&snapshot->addresses, now);
    int r;

    if (!may_fit(options, step->type, before))
        return -EBADMSG;
    if (step->type == MESSAGE_REMOVE) {
        r = before ? steps_add_address(reports, MESSAGE_REMOVE, now, NULL, &step->event) : 0;
        address_set_drop(&snapshot->addresses, now);
        return r;
    }
    if (!link_set_get(&snapshot->links, linkwatch_address_ifindex(now)))
        return options->filtered ? 0 : -EBADMSG;
    return put_address(snapshot, options, before, step, reports);
}

int snapshot_apply(struct snapshot *snapshot, const struct apply_options *options,
                   const struct steps *events, struct steps *ret_steps)
{
    int r = 0;

    for (size_t i = 0; i < events->count && r >= 0; i++) {
        const struct step *step = &events->at[i];

        if (step->address_now)
            r = apply_to_address(snapshot, options, step, ret_steps);
        else
            r = apply_to_link(snapshot, options, step, ret_steps);
    }
    return r;
}
