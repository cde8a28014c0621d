/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/hold_report.h"

#include <errno.h>
#include <stdlib.h>

#include "client/address_object.h"
#include "client/link_set.h"
#include "protocol/array.h"

/* Indexes of links that are found one through the other: those behind are reported first. */
struct found {
    int *at;
    size_t count;
    size_t capacity;
};

struct linkwatch_link *hold_known(const struct hold *hold, int ifindex)
{
    return link_set_get(&hold->known.links, ifindex);
}

bool hold_is_gone(const struct hold *hold, const struct held_link *held)
{
    return !held->now && hold_known(hold, held->ifindex);
}

void hold_drop_if_known(struct hold *hold, int ifindex)
{
    struct held_link *held = held_links_find(&hold->held, ifindex);

    if (held && held_link_is_known(held, link_rank(hold_known(hold, ifindex))))
        held_links_drop(&hold->held, held);
}

int hold_report_address(struct hold *hold, struct linkwatch_address *address, bool removed,
                        const struct linkwatch_event *event, struct steps *steps)
{
    struct object_set *known = &hold->known.addresses;
    struct linkwatch_address *before = address_set_get(known, address);
    enum message_type type = removed ? MESSAGE_REMOVE : before ? MESSAGE_CHANGE : MESSAGE_ADD;

    if (removed && !before)
        return 0;
    if (object_set_reserve(known) < 0 ||
        steps_add_address(steps, type, before, removed ? NULL : address, event) < 0)
        return -ENOMEM;
    if (!removed)
        return address_set_put(known, address, SIZE_MAX);
    address_set_drop(known, address);
    return 0;
}

static int report_addresses(struct hold *hold, struct held_link *held, struct steps *steps)
{
    const struct steps *addresses = &held->addresses;
    int r = 0;

    for (size_t i = 0; i < addresses->count && r >= 0; i++)
        r = hold_report_address(hold, addresses->at[i].address_now, false, &addresses->at[i].event,
                                steps);
    steps_clear(&held->addresses);
    return r;
}

static int report_addresses_gone(struct hold *hold, int ifindex,
                                 const struct linkwatch_event *event, struct steps *steps)
{
    struct linkwatch_address *address;
    int r = 0;

    while (r >= 0 && (address = address_set_next(&hold->known.addresses, ifindex, NULL))) {
        linkwatch_address_ref(address);
        r = hold_report_address(hold, address, true, event, steps);
        linkwatch_address_unref(address);
    }
    return r;
}

static int report_link(struct hold *hold, struct linkwatch_link *before, struct linkwatch_link *now,
                       const struct linkwatch_event *event, struct steps *steps)
{
    struct object_set *known = &hold->known.links;
    enum message_type type = !before ? MESSAGE_ADD : !now ? MESSAGE_REMOVE : MESSAGE_CHANGE;

    if (object_set_reserve(known) < 0 || steps_add(steps, type, before, now, event) < 0)
        return -ENOMEM;
    if (now)
        return link_set_put(known, now, SIZE_MAX);
    link_set_drop(known, linkwatch_link_ifindex(before));
    return 0;
}

/* Reports a held link as that one, NULL for absent; then it is no longer held, if there is nothing
 * more. */
static int report_as(struct hold *hold, struct held_link *held, struct linkwatch_link *link,
                     const struct linkwatch_event *event, struct steps *steps)
{
    struct linkwatch_link *before = hold_known(hold, held->ifindex);
    struct linkwatch_event copy = *event;
    bool is_new = link && !before;
    int r = 0;

    copy.flaps = held_link_flaps(held, link_rank(before));
    if (!link)
        r = report_addresses_gone(hold, held->ifindex, &copy, steps);
    if (r >= 0)
        r = report_link(hold, before, link, &copy, steps);
    if (r < 0)
        return r;
    held_link_reported(held, link_rank(link));
    if (is_new)
        r = report_addresses(hold, held, steps);
    hold_drop_if_known(hold, held->ifindex);
    return r;
}

/* --- links that must be reported with others */

static int add_found(struct found *found, struct held_link *held)
{
    if (held->visited)
        return 0;
    if (array_grow(&found->at, &found->capacity, found->count + 1, sizeof(*found->at)) < 0)
        return -ENOMEM;
    found->at[found->count++] = held->ifindex;
    held->visited = true;
    return 0;
}

static void end_search(const struct hold *hold, const struct found *found)
{
    for (size_t i = 0; i < found->count; i++)
        held_links_find(&hold->held, found->at[i])->visited = false;
}

static int64_t reference(const struct linkwatch_link *link, int field)
{
    int64_t ifindex;

    return linkwatch_link_get_integer(link, field, &ifindex) < 0 ? 0 : ifindex;
}

static bool refers_to(const struct linkwatch_link *link, int ifindex)
{
    return reference(link, LINKWATCH_FIELD_MASTER_IFINDEX) == ifindex ||
           reference(link, LINKWATCH_FIELD_LINK_IFINDEX) == ifindex;
}

/* Finds links that are gone and refer to that one. */
static int find_referring(const struct hold *hold, int ifindex, struct found *found)
{
    int r = 0;

    for (size_t i = 0; i < hold->held.count && r >= 0; i++) {
        struct held_link *held = &hold->held.items[i];

        if (hold_is_gone(hold, held) && refers_to(hold_known(hold, held->ifindex), ifindex))
            r = add_found(found, held);
    }
    return r;
}

static int find_all_referring(const struct hold *hold, int ifindex, struct found *found)
{
    int r = add_found(found, held_links_find(&hold->held, ifindex));

    for (size_t i = 0; i < found->count && r >= 0; i++)
        r = find_referring(hold, found->at[i], found);
    end_search(hold, found);
    return r;
}

int hold_report_gone(struct hold *hold, int ifindex, struct steps *steps)
{
    struct found found = {0};
    int r = find_all_referring(hold, ifindex, &found);

    for (size_t i = found.count; i > 0 && r >= 0; i--)
        r = hold_report(hold, found.at[i - 1], RANK_ABSENT, NULL, false, steps);
    free(found.at);
    return r;
}

/* Finds the link to which one refers, if the consumer doesn't know it. */
static int find_reference(const struct hold *hold, const struct linkwatch_link *link, int field,
                          struct found *found)
{
    struct held_link *held = held_links_find(&hold->held, (int)reference(link, field));

    return held && held->now && !hold_known(hold, held->ifindex) ? add_found(found, held) : 0;
}

static int find_references(const struct hold *hold, const struct linkwatch_link *link,
                           struct found *found)
{
    int r = find_reference(hold, link, LINKWATCH_FIELD_MASTER_IFINDEX, found);

    return r < 0 ? r : find_reference(hold, link, LINKWATCH_FIELD_LINK_IFINDEX, found);
}

/* The link itself is the first. */
static int find_all_references(const struct hold *hold, int ifindex,
                               const struct linkwatch_link *link, struct found *found)
{
    int r = add_found(found, held_links_find(&hold->held, ifindex));

    if (r >= 0)
        r = find_references(hold, link, found);
    for (size_t i = 1; i < found->count && r >= 0; i++)
        r = find_references(hold, held_links_find(&hold->held, found->at[i])->now, found);
    end_search(hold, found);
    return r;
}

static int report_whole(struct hold *hold, int ifindex, struct steps *steps)
{
    struct held_link *held = held_links_find(&hold->held, ifindex);
    struct linkwatch_event event = *held_link_event(held, RANK_ABSENT, link_rank(held->now));
    struct linkwatch_link *link = linkwatch_link_ref(held->now);
    int r = report_as(hold, held, link, &event, steps);

    linkwatch_link_unref(link);
    return r;
}

static int report_references(struct hold *hold, int ifindex, const struct linkwatch_link *link,
                             struct steps *steps)
{
    struct found found = {0};
    int r = find_all_references(hold, ifindex, link, &found);

    for (size_t i = found.count; i > 1 && r >= 0; i--)
        r = report_whole(hold, found.at[i - 1], steps);
    free(found.at);
    return r;
}

static const struct held_link *oldest_gone(const struct hold *hold)
{
    const struct held_link *oldest = NULL;

    for (size_t i = 0; i < hold->held.count; i++) {
        const struct held_link *held = &hold->held.items[i];

        if (hold_is_gone(hold, held) &&
            (!oldest || held->crossings[RANK_ABSENT].since < oldest->crossings[RANK_ABSENT].since))
            oldest = held;
    }
    return oldest;
}

int hold_keep_limit(struct hold *hold, struct steps *steps)
{
    const struct held_link *held;
    int r = 0;

    /* What is there has a bound of its own. */
    while (r >= 0 && hold->known.links.bytes + hold->known.addresses.bytes > hold->limit &&
           (held = oldest_gone(hold)))
        r = hold_report_gone(hold, held->ifindex, steps);
    return r;
}

static bool shares_name(const struct linkwatch_link *link, const struct linkwatch_link *other)
{
    const char *altname = NULL;

    if (link_has_name(link, linkwatch_link_ifname(other)))
        return true;
    while ((altname = linkwatch_link_next_text(other, LINKWATCH_FIELD_ALTNAMES, altname)))
        if (link_has_name(link, altname))
            return true;
    return false;
}

static const struct held_link *find_namesake(const struct hold *hold,
                                             const struct linkwatch_link *link)
{
    for (size_t i = 0; i < hold->held.count; i++) {
        const struct held_link *held = &hold->held.items[i];

        if (held->ifindex != linkwatch_link_ifindex(link) && hold_is_gone(hold, held) &&
            shares_name(hold_known(hold, held->ifindex), link))
            return held;
    }
    return NULL;
}

int hold_release_names(struct hold *hold, const struct linkwatch_link *link, struct steps *steps)
{
    const struct held_link *held;
    int r = 0;

    while (r >= 0 && (held = find_namesake(hold, link)))
        r = hold_report_gone(hold, held->ifindex, steps);
    return r;
}

/* The link as the consumer is to know it, at that rank: a reference, NULL for absent. */
static int make_link(const struct hold *hold, const struct held_link *held, enum link_rank rank,
                     struct linkwatch_link **ret)
{
    struct linkwatch_link *known = hold_known(hold, held->ifindex);
    struct linkwatch_link *state = held->now;

    if (rank != link_rank(held->now))
        state = rank == link_rank(known) ? known : held_link_at(held, link_rank(known), rank);
    if (state && held->now && state != held->now)
        return link_with_state(held->now, state, ret);
    *ret = state ? linkwatch_link_ref(state) : NULL;
    return 0;
}

int hold_report(struct hold *hold, int ifindex, enum link_rank rank,
                const struct linkwatch_event *event, bool shows, struct steps *steps)
{
    struct held_link *held = held_links_find(&hold->held, ifindex);
    struct linkwatch_link *known = hold_known(hold, ifindex);
    struct linkwatch_event own;
    struct linkwatch_link *link;
    int r = make_link(hold, held, rank, &link);

    if (r < 0)
        return r;
    if (rank != link_rank(known)) {
        own = *held_link_event(held, link_rank(known), rank);
        event = &own;
    } else if (event && (!known || (!shows && !link_differs(known, link)))) {
        event = NULL;
    }
    if (event && link)
        r = report_references(hold, ifindex, link, steps);
    if (event && r >= 0)
        r = report_as(hold, held_links_find(&hold->held, ifindex), link, event, steps);
    else
        hold_drop_if_known(hold, ifindex);
    linkwatch_link_unref(link);
    return r;
}
