/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/address_object.h"
#include "client/differences.h"
#include "client/hold_report.h"
#include "client/link_object.h"
#include "client/link_set.h"

/* Events are kept longer than the daemon that they are of may live. */
struct instance {
    struct instance *next;
    char text[];
};

bool hold_is_active(const struct hold *hold)
{
    return hold->times.up > 0 || hold->times.down > 0;
}

static void forget_instances(struct hold *hold)
{
    while (hold->instances) {
        struct instance *instance = hold->instances;

        hold->instances = instance->next;
        free(instance);
    }
}

void hold_clear(struct hold *hold)
{
    held_links_clear(&hold->held);
    forget_instances(hold);
    snapshot_clear(&hold->known);
}

int hold_begin(struct hold *hold, const struct snapshot *snapshot)
{
    struct snapshot copy;
    int r = snapshot_copy(snapshot, &copy);

    if (r < 0)
        return r;
    hold_clear(hold);
    hold->known = copy;
    hold->begun = true;
    return 0;
}

/* The same event with an instance that lasts. */
static int keep_event(struct hold *hold, const struct linkwatch_event *event,
                      struct linkwatch_event *ret)
{
    struct instance *instance = hold->instances;
    size_t size;

    *ret = *event;
    if (!event->instance)
        return 0;
    while (instance && strcmp(instance->text, event->instance) != 0)
        instance = instance->next;
    if (!instance) {
        size = strlen(event->instance) + 1;
        instance = malloc(sizeof(*instance) + size);
        if (!instance)
            return -ENOMEM;
        memcpy(instance->text, event->instance, size);
        instance->next = hold->instances;
        hold->instances = instance;
    }
    ret->instance = instance->text;
    return 0;
}

/* Whether an event is to be seen though nothing is to be known by it: what a later version may
 * know, or flaps if such are not held. */
static bool shows(const struct hold *hold, const struct step *step)
{
    int ifindex;

    if (step->type != MESSAGE_CHANGE)
        return false;
    ifindex = linkwatch_link_ifindex(step->now);
    if (step->event.flaps > 0)
        return (link_rank(hold_known(hold, ifindex)) >= RANK_CONNECTED ? hold->times.down
                                                                       : hold->times.up) == 0;
    return linkwatch_link_compare(step->before, step->now) == 0;
}

static bool is_same(const struct linkwatch_link *before, const struct linkwatch_link *now)
{
    return strcmp(linkwatch_link_ifname(before), linkwatch_link_ifname(now)) == 0 &&
           !link_is_another(before, now);
}

/* What can't be known beside the link is reported first. */
static int prepare(struct hold *hold, struct linkwatch_link *now, struct steps *steps)
{
    const struct held_link *held = held_links_find(&hold->held, linkwatch_link_ifindex(now));
    int r = 0;

    if (held && hold_is_gone(hold, held) && !is_same(hold_known(hold, held->ifindex), now))
        r = hold_report_gone(hold, held->ifindex, steps);
    return r < 0 ? r : hold_release_names(hold, now, steps);
}

static int take_link(struct hold *hold, const struct step *step,
                     const struct linkwatch_event *event, uint64_t time, struct steps *steps)
{
    int ifindex = linkwatch_link_ifindex(step->now ? step->now : step->before);
    bool leaves = !step->now && event->learned == LINKWATCH_LEARNED_FILTER;
    struct held_link *held;
    enum link_rank rank;
    int r = step->now ? prepare(hold, step->now, steps) : 0;

    if (r < 0)
        return r;
    held = held_links_provide(&hold->held, ifindex, hold_known(hold, ifindex));
    if (!held)
        return -ENOMEM;
    held_link_take(held, step->now, event, time);
    if (!step->now)
        steps_clear(&held->addresses);
    rank = link_rank(hold_known(hold, ifindex));
    rank = leaves ? RANK_ABSENT : held_link_due(held, rank, &hold->times, time);
    return hold_report(hold, ifindex, rank, event, shows(hold, step), steps);
}

/* Keeps an address, or forgets it, until its link is reported. */
static int keep_address(struct held_link *held, struct linkwatch_address *address, bool removed,
                        const struct linkwatch_event *event)
{
    struct steps *addresses = &held->addresses;

    for (size_t i = 0; i < addresses->count; i++) {
        struct step *step = &addresses->at[i];

        if (!address_is_same(step->address_now, address))
            continue;
        linkwatch_address_unref(step->address_now);
        if (removed) {
            addresses->count--;
            memmove(step, step + 1, (addresses->count - i) * sizeof(*step));
        } else {
            step->address_now = linkwatch_address_ref(address);
            step->event = *event;
        }
        return 0;
    }
    return removed ? 0 : steps_add_address(addresses, MESSAGE_ADD, NULL, address, event);
}

static int take_address(struct hold *hold, const struct step *step,
                        const struct linkwatch_event *event, struct steps *steps)
{
    bool removed = !step->address_now;
    struct linkwatch_address *address = removed ? step->address_before : step->address_now;
    int ifindex = linkwatch_address_ifindex(address);
    struct held_link *held = held_links_find(&hold->held, ifindex);

    if (hold_known(hold, ifindex))
        return hold_report_address(hold, address, removed, event, steps);
    return held ? keep_address(held, address, removed, event) : 0;
}

static int take_step(struct hold *hold, const struct step *step, uint64_t time,
                     struct steps *ret_steps)
{
    struct linkwatch_event event;
    int r = keep_event(hold, &step->event, &event);

    if (r < 0)
        return r;
    if (step->address_before || step->address_now)
        r = take_address(hold, step, &event, ret_steps);
    else
        r = take_link(hold, step, &event, time, ret_steps);
    return r < 0 ? r : hold_keep_limit(hold, ret_steps);
}

static int take_steps(struct hold *hold, const struct steps *steps, uint64_t time,
                      struct steps *ret_steps)
{
    int r = 0;

    if (hold->held.count == 0)
        forget_instances(hold);
    for (size_t i = 0; i < steps->count && r >= 0; i++)
        r = take_step(hold, &steps->at[i], time, ret_steps);
    return r;
}

/* Several steps are reported all or none; what follows from one alone may end anywhere. */
int hold_take(struct hold *hold, const struct steps *steps, uint64_t time, struct steps *ret_steps)
{
    struct snapshot before;
    int r;

    if (steps->count <= 1)
        return take_steps(hold, steps, time, ret_steps);
    r = snapshot_copy(&hold->known, &before);
    if (r < 0)
        return r;
    r = take_steps(hold, steps, time, ret_steps);
    if (r < 0) {
        snapshot_clear(&hold->known);
        hold->known = before;
        steps_clear(ret_steps);
    } else {
        snapshot_clear(&before);
    }
    return r;
}

/* Held links that the consumer knows as they are in the snapshot differ in no step. The addresses
 * of others are all in the steps. */
static void compare_held(struct hold *hold, const struct snapshot *snapshot, uint64_t time)
{
    for (size_t i = hold->held.count; i > 0; i--) {
        struct held_link *held = &hold->held.items[i - 1];
        struct linkwatch_link *now = link_set_get(&snapshot->links, held->ifindex);

        if (now && held->now && link_is_another(held->now, now))
            held_link_take(held, NULL, &event_by_snapshot, time);
        held_link_take(held, now, &event_by_snapshot, time);
        steps_clear(&held->addresses);
        hold_drop_if_known(hold, held->ifindex);
    }
}

int hold_take_snapshot(struct hold *hold, const struct snapshot *snapshot,
                       const struct steps *steps, uint64_t time, struct steps *ret_steps)
{
    compare_held(hold, snapshot, time);
    return hold_take(hold, steps, time, ret_steps);
}

int hold_report_due(struct hold *hold, uint64_t time, struct steps *ret_steps)
{
    const struct held_link *held = NULL;
    int ifindex = 0;
    int r = 0;

    while (r >= 0 && (held = held_links_next(&hold->held, ifindex))) {
        enum link_rank rank = link_rank(hold_known(hold, held->ifindex));

        ifindex = held->ifindex;
        rank = held_link_due(held, rank, &hold->times, time);
        r = hold_report(hold, ifindex, rank, NULL, false, ret_steps);
    }
    return r < 0 ? r : hold_keep_limit(hold, ret_steps);
}

uint64_t hold_deadline(const struct hold *hold)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < hold->held.count; i++) {
        const struct held_link *held = &hold->held.items[i];
        enum link_rank rank = link_rank(hold_known(hold, held->ifindex));
        uint64_t deadline = held_link_deadline(held, rank, &hold->times);

        if (deadline < first)
            first = deadline;
    }
    return first;
}
