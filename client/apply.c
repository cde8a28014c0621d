/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/apply.h"

#include <errno.h>

#include "client/address_object.h"
#include "client/link_set.h"

void picture_clear(struct picture *picture)
{
    object_set_clear(&picture->links);
    object_set_clear(&picture->addresses);
}

int picture_copy(const struct picture *picture, struct picture *ret)
{
    struct picture copy = {.links = {0}};

    if (object_set_copy(&picture->links, &copy.links) < 0 ||
        object_set_copy(&picture->addresses, &copy.addresses) < 0) {
        picture_clear(&copy);
        return -ENOMEM;
    }
    *ret = copy;
    return 0;
}

size_t picture_room(size_t limit, const struct object_set *other)
{
    return limit > other->bytes ? limit - other->bytes : 0;
}

void picture_drop_link(struct picture *picture, int ifindex)
{
    struct linkwatch_address *address;

    while ((address = address_set_next(&picture->addresses, ifindex, NULL)))
        address_set_drop(&picture->addresses, address);
    link_set_drop(&picture->links, ifindex);
}

static int put_link(const struct apply_context *context, struct picture *picture,
                    struct linkwatch_link *link)
{
    return link_set_put(&picture->links, link, picture_room(context->limit, &picture->addresses));
}

bool apply_leaves(const struct linkwatch_filter *filter, const struct linkwatch_link *before,
                  const struct linkwatch_link *now)
{
    return linkwatch_filter_matches(filter, before) && !linkwatch_filter_matches(filter, now);
}

static struct linkwatch_event by_filter(const struct linkwatch_event *event)
{
    struct linkwatch_event copy = *event;

    copy.learned = LINKWATCH_LEARNED_FILTER;
    return copy;
}

static int follow_add(const struct apply_context *context, const struct step *step,
                      struct picture *picture, struct steps *steps)
{
    int r;

    if (link_set_get(&picture->links, linkwatch_link_ifindex(step->now)))
        return -EBADMSG;
    r = steps_add(steps, MESSAGE_ADD, NULL, step->now, &step->event);
    return r < 0 ? r : put_link(context, picture, step->now);
}

/* The addresses that a link still has go before it. */
static int leave_addresses(const struct picture *picture, int ifindex, struct steps *steps,
                           const struct linkwatch_event *event)
{
    struct linkwatch_address *address = NULL;
    int r = 0;

    while (r >= 0 && (address = address_set_next(&picture->addresses, ifindex, address)))
        r = steps_add_address(steps, MESSAGE_REMOVE, address, NULL, event);
    return r;
}

static int follow_remove(const struct apply_context *context, const struct step *step,
                         struct picture *picture, struct steps *steps)
{
    int ifindex = linkwatch_link_ifindex(step->now);
    int r;

    if (!link_set_get(&picture->links, ifindex))
        return context->filtered ? 0 : -EBADMSG;
    r = leave_addresses(picture, ifindex, steps, &step->event);
    if (r >= 0)
        r = steps_add(steps, MESSAGE_REMOVE, step->now, NULL, &step->event);
    if (r >= 0)
        picture_drop_link(picture, ifindex);
    return r;
}

/* A link that isn't known came into the filter, or is passing it on its way. */
static int follow_change_of_unknown(const struct apply_context *context, const struct step *step,
                                    struct picture *picture, struct steps *steps)
{
    struct linkwatch_event event = by_filter(&step->event);
    int r;

    if (!context->filtered)
        return -EBADMSG;
    if (!linkwatch_filter_matches(context->filter, step->now))
        return 0;
    r = steps_add(steps, MESSAGE_ADD, NULL, step->now, &event);
    return r < 0 ? r : put_link(context, picture, step->now);
}

static int follow_change(const struct apply_context *context, const struct step *step,
                         struct picture *picture, struct steps *steps)
{
    int ifindex = linkwatch_link_ifindex(step->now);
    struct linkwatch_link *before = link_set_get(&picture->links, ifindex);
    struct linkwatch_event event = by_filter(&step->event);
    bool left;
    int r;

    if (!before)
        return follow_change_of_unknown(context, step, picture, steps);
    left = apply_leaves(context->filter, before, step->now);
    r = steps_add(steps, MESSAGE_CHANGE, before, step->now, &step->event);
    if (r >= 0 && left)
        r = leave_addresses(picture, ifindex, steps, &event);
    if (r >= 0 && left)
        r = steps_add(steps, MESSAGE_REMOVE, step->now, NULL, &event);
    if (r < 0)
        return r;
    if (!left)
        return put_link(context, picture, step->now);
    picture_drop_link(picture, ifindex);
    return 0;
}

static int put_address(const struct apply_context *context, const struct step *step,
                       struct picture *picture)
{
    return address_set_put(&picture->addresses, step->address_now,
                           picture_room(context->limit, &picture->links));
}

/* An address is here if its link is. */
static int follow_address(const struct apply_context *context, const struct step *step,
                          struct picture *picture, struct steps *steps)
{
    struct linkwatch_address *now = step->address_now;
    struct linkwatch_address *before = address_set_get(&picture->addresses, now);
    struct linkwatch_event event =
        step->type == MESSAGE_CHANGE ? by_filter(&step->event) : step->event;
    int r;

    if (!link_set_get(&picture->links, linkwatch_address_ifindex(now)))
        return context->filtered ? 0 : -EBADMSG;
    if (step->type == MESSAGE_ADD && before)
        return -EBADMSG;
    if (step->type != MESSAGE_ADD && !before && !context->filtered)
        return -EBADMSG;
    if (step->type == MESSAGE_REMOVE) {
        r = before ? steps_add_address(steps, MESSAGE_REMOVE, now, NULL, &step->event) : 0;
        address_set_drop(&picture->addresses, now);
        return r;
    }
    if (before)
        r = steps_add_address(steps, MESSAGE_CHANGE, before, now, &step->event);
    else
        r = steps_add_address(steps, MESSAGE_ADD, NULL, now, &event);
    return r < 0 ? r : put_address(context, step, picture);
}

int apply_all(const struct apply_context *context, const struct steps *events,
              struct picture *picture, struct steps *ret_steps)
{
    int r = 0;

    for (size_t i = 0; i < events->count && r >= 0; i++) {
        const struct step *step = &events->at[i];

        if (step->address_now)
            r = follow_address(context, step, picture, ret_steps);
        else if (step->type == MESSAGE_ADD)
            r = follow_add(context, step, picture, ret_steps);
        else if (step->type == MESSAGE_REMOVE)
            r = follow_remove(context, step, picture, ret_steps);
        else
            r = follow_change(context, step, picture, ret_steps);
    }
    return r;
}
