/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/differences.h"

#include "client/address_object.h"
#include "client/link_object.h"
#include "client/link_set.h"

const struct linkwatch_event event_by_snapshot = {
    .learned = LINKWATCH_LEARNED_SNAPSHOT, .realtime = -1, .monotonic = -1};

/* What a lifetime was set to can't be seen from what is left of it. */
#define LIFETIMES                                    \
    (LINKWATCH_ADDRESS_FIELD_MASK(VALID_LIFE_TIME) | \
     LINKWATCH_ADDRESS_FIELD_MASK(PREFERRED_LIFE_TIME))

/* Whether there is a step of that type between two states, of which one may be NULL. What was
 * replaced by another one of the same key is removed and added. */
static bool is_step(enum message_type type, const void *before, const void *now, bool replaced,
                    bool differs)
{
    switch (type) {
    case MESSAGE_REMOVE:
        return before && (!now || replaced);
    case MESSAGE_ADD:
        return now && (!before || replaced);
    default:
        return before && now && !replaced && differs;
    }
}

static int find_links(const struct snapshot *before, const struct snapshot *now,
                      enum message_type type, struct steps *steps)
{
    struct object_walk walk = {.a = &before->links, .b = &now->links, .order = link_set_order};
    struct object *a, *b;
    int r = 0;

    while (r >= 0 && object_walk_next(&walk, &a, &b)) {
        struct linkwatch_link *was = (struct linkwatch_link *)a;
        struct linkwatch_link *is = (struct linkwatch_link *)b;
        bool replaced = was && is && link_is_another(was, is);
        bool differs = was && is && linkwatch_link_compare(was, is);

        if (is_step(type, was, is, replaced, differs))
            r = steps_add(steps, type, type == MESSAGE_ADD ? NULL : was,
                          type == MESSAGE_REMOVE ? NULL : is, &event_by_snapshot);
    }
    return r;
}

/* Whether the address's link is another one now. */
static bool has_moved(const struct snapshot *before, const struct snapshot *now,
                      const struct linkwatch_address *address)
{
    int ifindex = linkwatch_address_ifindex(address);

    return link_is_another(link_set_get(&before->links, ifindex),
                           link_set_get(&now->links, ifindex));
}

static int find_addresses(const struct snapshot *before, const struct snapshot *now,
                          enum message_type type, struct steps *steps)
{
    struct object_walk walk = {
        .a = &before->addresses, .b = &now->addresses, .order = address_set_order};
    struct object *a, *b;
    int r = 0;

    while (r >= 0 && object_walk_next(&walk, &a, &b)) {
        struct linkwatch_address *was = (struct linkwatch_address *)a;
        struct linkwatch_address *is = (struct linkwatch_address *)b;
        bool replaced = was && is && has_moved(before, now, is);
        bool differs = was && is && linkwatch_address_compare(was, is) & ~LIFETIMES;

        if (is_step(type, was, is, replaced, differs))
            r = steps_add_address(steps, type, type == MESSAGE_ADD ? NULL : was,
                                  type == MESSAGE_REMOVE ? NULL : is, &event_by_snapshot);
    }
    return r;
}

/* In this order, so that a name is given up before another link has it, and an address is there
 * while its link is. */
int find_differences(const struct snapshot *before, const struct snapshot *now, struct steps *steps)
{
    int r = find_addresses(before, now, MESSAGE_REMOVE, steps);

    if (r >= 0)
        r = find_links(before, now, MESSAGE_REMOVE, steps);
    if (r >= 0)
        r = find_links(before, now, MESSAGE_CHANGE, steps);
    if (r >= 0)
        r = find_links(before, now, MESSAGE_ADD, steps);
    if (r >= 0)
        r = find_addresses(before, now, MESSAGE_CHANGE, steps);
    return r < 0 ? r : find_addresses(before, now, MESSAGE_ADD, steps);
}
