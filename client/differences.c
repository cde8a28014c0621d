/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/differences.h"

#include "client/address_object.h"
#include "client/link_object.h"
#include "client/link_set.h"

const struct linkwatch_event event_by_snapshot = {
    .learned = LINKWATCH_LEARNED_SNAPSHOT, .realtime = -1, .monotonic = -1};

/* In this order, so that a name is given up before another link has it, and an address is there
 * while its link is. */

static struct linkwatch_link *link_at(const struct picture *picture, size_t place)
{
    return (struct linkwatch_link *)picture->links.objects[place];
}

static struct linkwatch_address *address_at(const struct picture *picture, size_t place)
{
    return (struct linkwatch_address *)picture->addresses.objects[place];
}

/* The same link in the other picture; NULL if it isn't there, or is another one. */
static struct linkwatch_link *counterpart(const struct picture *held, const struct picture *fresh,
                                          int ifindex)
{
    struct linkwatch_link *before = link_set_get(&held->links, ifindex);
    struct linkwatch_link *now = link_set_get(&fresh->links, ifindex);

    return before && now && !link_is_another(before, now) ? now : NULL;
}

static bool stays(const struct picture *held, const struct picture *fresh,
                  const struct linkwatch_address *address)
{
    int ifindex = linkwatch_address_ifindex(address);

    return counterpart(held, fresh, ifindex) && address_set_get(&fresh->addresses, address) &&
           address_set_get(&held->addresses, address);
}

static int find_addresses_gone(const struct picture *held, const struct picture *fresh,
                               struct steps *steps)
{
    int r = 0;

    for (size_t i = 0; i < held->addresses.count && r >= 0; i++) {
        struct linkwatch_address *address = address_at(held, i);

        if (!stays(held, fresh, address))
            r = steps_add_address(steps, MESSAGE_REMOVE, address, NULL, &event_by_snapshot);
    }
    return r;
}

static int find_gone(const struct picture *held, const struct picture *fresh, struct steps *steps)
{
    int r = 0;

    for (size_t i = 0; i < held->links.count && r >= 0; i++) {
        struct linkwatch_link *link = link_at(held, i);

        if (!counterpart(held, fresh, linkwatch_link_ifindex(link)))
            r = steps_add(steps, MESSAGE_REMOVE, link, NULL, &event_by_snapshot);
    }
    return r;
}

static int find_changed(const struct picture *held, const struct picture *fresh,
                        struct steps *steps)
{
    int r = 0;

    for (size_t i = 0; i < fresh->links.count && r >= 0; i++) {
        struct linkwatch_link *now = link_at(fresh, i);
        int ifindex = linkwatch_link_ifindex(now);
        struct linkwatch_link *before = link_set_get(&held->links, ifindex);

        if (counterpart(held, fresh, ifindex) && linkwatch_link_compare(before, now))
            r = steps_add(steps, MESSAGE_CHANGE, before, now, &event_by_snapshot);
    }
    return r;
}

static int find_new(const struct picture *held, const struct picture *fresh, struct steps *steps)
{
    int r = 0;

    for (size_t i = 0; i < fresh->links.count && r >= 0; i++) {
        struct linkwatch_link *now = link_at(fresh, i);

        if (!counterpart(held, fresh, linkwatch_link_ifindex(now)))
            r = steps_add(steps, MESSAGE_ADD, NULL, now, &event_by_snapshot);
    }
    return r;
}

#define LIFETIMES                                    \
    (LINKWATCH_ADDRESS_FIELD_MASK(VALID_LIFE_TIME) | \
     LINKWATCH_ADDRESS_FIELD_MASK(PREFERRED_LIFE_TIME))

/* What a lifetime was set to can't be seen from what is left of it. */
static bool changed(const struct linkwatch_address *before, const struct linkwatch_address *now)
{
    return linkwatch_address_compare(before, now) & ~LIFETIMES;
}

static int find_addresses(const struct picture *held, const struct picture *fresh,
                          struct steps *steps)
{
    int r = 0;

    for (size_t i = 0; i < fresh->addresses.count && r >= 0; i++) {
        struct linkwatch_address *now = address_at(fresh, i);
        struct linkwatch_address *before = address_set_get(&held->addresses, now);

        if (!stays(held, fresh, now))
            r = steps_add_address(steps, MESSAGE_ADD, NULL, now, &event_by_snapshot);
        else if (changed(before, now))
            r = steps_add_address(steps, MESSAGE_CHANGE, before, now, &event_by_snapshot);
    }
    return r;
}

int find_differences(const struct picture *held, const struct picture *fresh, struct steps *steps)
{
    int r = find_addresses_gone(held, fresh, steps);

    if (r >= 0)
        r = find_gone(held, fresh, steps);
    if (r >= 0)
        r = find_changed(held, fresh, steps);
    if (r >= 0)
        r = find_new(held, fresh, steps);
    return r < 0 ? r : find_addresses(held, fresh, steps);
}
