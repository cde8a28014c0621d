/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/fetched_addresses.h"

#include <stdlib.h>

static int compare_index(const void *key, const void *item)
{
    int ifindex = *(const int *)key;
    int other = linkwatch_link_ifindex(*(struct linkwatch_link *const *)item);

    return (ifindex > other) - (ifindex < other);
}

/* Whether it is an address of one of the links, which are in the order of their indexes. */
static bool is_meant(const struct fetched *fetched, int ifindex)
{
    return fetched->count > 0 && bsearch(&ifindex, fetched->links, fetched->count,
                                         sizeof(fetched->links[0]), compare_index);
}

/* Some of the links are asked for by their indexes, so that not all addresses come. */
static int add_indexes(const struct fetched *fetched, const struct ctl *ctl,
                       struct linkwatch_filter *filter)
{
    bool are_all = ctl->count == 0 && ctl->condition_count == 0;
    int r = 0;

    if (are_all || fetched->count > LINKWATCH_FILTER_ENTRIES_MAX)
        return 0;
    for (size_t i = 0; r >= 0 && i < fetched->count; i++)
        r = linkwatch_filter_add_index(filter, linkwatch_link_ifindex(fetched->links[i]));
    return r;
}

static int make_filter(const struct fetched *fetched, const struct ctl *ctl,
                       struct linkwatch_filter **ret)
{
    struct linkwatch_filter *filter;
    int r = linkwatch_filter_new(&filter);

    if (r < 0)
        return r;
    r = ctl_filter_addresses(ctl, filter);
    if (r >= 0)
        r = add_indexes(fetched, ctl, filter);
    if (r < 0) {
        linkwatch_filter_free(filter);
        return r;
    }
    *ret = filter;
    return 0;
}

int fetched_addresses_get(struct fetched *fetched, const struct ctl *ctl,
                          struct linkwatch *connection)
{
    struct linkwatch_filter *filter;
    int r;

    if (fetched->count == 0)
        return 0;
    r = make_filter(fetched, ctl, &filter);
    if (r < 0)
        return r;
    r = linkwatch_get_addresses(connection, filter, CTL_PATIENCE, &fetched->addresses);
    linkwatch_filter_free(filter);
    return r;
}

struct linkwatch_address *fetched_addresses_next(const struct fetched *fetched, int ifindex,
                                                 size_t *place)
{
    struct linkwatch_address *address;

    if (!fetched->addresses)
        return NULL;
    while ((address = linkwatch_address_list_get(fetched->addresses, (*place)++))) {
        int its = linkwatch_address_ifindex(address);

        if (ifindex ? its == ifindex : is_meant(fetched, its))
            return address;
    }
    return NULL;
}
