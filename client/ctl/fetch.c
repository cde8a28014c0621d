/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/meaning.h"
#include "client/ctl/netns_dirs.h"
#include "client/ctl/netns_label.h"
#include "client/ctl/netns_own.h"
#include "client/ctl/resolve.h"
#include "protocol/array.h"

/* What fetching needs. */
struct fetcher {
    const struct ctl *ctl;
    struct linkwatch_filter *filter;
    struct linkwatch *connection;
    struct fetch *fetch;
    int code;
};

static void failed(struct fetcher *fetcher, int code)
{
    if (fetcher->code == EXIT_MET)
        fetcher->code = code;
}

static void clear_one(struct fetched *fetched)
{
    free(fetched->label);
    free(fetched->members);
    free(fetched->links);
    linkwatch_list_free(fetched->list);
    linkwatch_address_list_free(fetched->addresses);
}

static int add_label(struct fetched *fetched, const char *name)
{
    fetched->label = netns_label(name);
    fetched->members = netns_members(name);
    return fetched->label && fetched->members ? 0 : -ENOMEM;
}

/* Adds the links that an argument means to the chosen ones. -ENOMEM. */
static int choose(struct fetcher *fetcher, int argument, const struct linkwatch_list *list,
                  bool *chosen)
{
    struct meaning meaning;
    int r = meaning_find(fetcher->ctl->arguments[argument], list, &meaning);

    if (r < 0)
        return r;
    for (size_t i = 0; i < linkwatch_list_count(list); i++)
        if (meaning_matches(&meaning, linkwatch_list_get(list, i)))
            chosen[i] = fetcher->fetch->matched[argument] = true;
    meaning_clear(&meaning);
    return 0;
}

static bool meets(const struct ctl *ctl, const struct linkwatch_link *link)
{
    for (size_t i = 0; i < ctl->condition_count; i++)
        if (linkwatch_link_meets(link, ctl->conditions[i], NULL) <= 0)
            return false;
    return true;
}

/* Finds the links in the list that the command line means. -ENOMEM. */
static int choose_all(struct fetcher *fetcher, struct fetched *fetched)
{
    size_t count = linkwatch_list_count(fetched->list);
    bool *chosen = calloc(count + 1, sizeof(*chosen));
    int r = 0;

    fetched->links = calloc(count + 1, sizeof(struct linkwatch_link *));
    if (!chosen || !fetched->links)
        r = -ENOMEM;
    for (int i = 0; r >= 0 && i < fetcher->ctl->count; i++)
        r = choose(fetcher, i, fetched->list, chosen);
    for (size_t i = 0; r >= 0 && i < count; i++) {
        struct linkwatch_link *link = linkwatch_list_get(fetched->list, i);

        if ((chosen[i] || !resolve_needs_list(fetcher->ctl)) && meets(fetcher->ctl, link))
            fetched->links[fetched->count++] = link;
    }
    free(chosen);
    return r;
}

/* Selects the links by their indexes where not all are meant, so that fewer addresses are sent. */
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

static int get_addresses(struct fetched *fetched, const struct ctl *ctl,
                         struct linkwatch *connection)
{
    struct linkwatch_filter *filter;
    int r;

    if (fetched->count == 0)
        return 0;
    r = linkwatch_filter_new(&filter);
    if (r < 0)
        return r;
    r = resolve_addresses(ctl, filter);
    if (r >= 0)
        r = add_indexes(fetched, ctl, filter);
    if (r >= 0)
        r = linkwatch_get_addresses(connection, filter, CTL_PATIENCE, &fetched->addresses);
    linkwatch_filter_free(filter);
    return r;
}

/* The links of the namespace that the connection is about. */
static int fetch_one(struct fetcher *fetcher, const char *name)
{
    struct fetch *fetch = fetcher->fetch;
    struct fetched fetched = {0};
    int r = linkwatch_get_list(fetcher->connection, fetcher->filter, CTL_PATIENCE, &fetched.list);

    if (r >= 0)
        r = choose_all(fetcher, &fetched);
    if (r >= 0 && fetcher->ctl->all_netns)
        r = add_label(&fetched, name);
    if (r >= 0)
        r = array_grow(&fetch->items, &fetch->capacity, fetch->count + 1, sizeof(fetched));
    if (r < 0) {
        clear_one(&fetched);
        return r;
    }
    fetch->items[fetch->count++] = fetched;
    if (fetch->what != FETCH_LINKS)
        r = get_addresses(&fetch->items[fetch->count - 1], fetcher->ctl, fetcher->connection);
    if (r < 0 && fetch->what == FETCH_ADDRESSES)
        clear_one(&fetch->items[--fetch->count]);
    return r;
}

/* Whether the next namespace may fare better. */
static bool is_of_one(int error)
{
    return error != -ETIMEDOUT && error != -ECONNRESET && error != -ENOENT &&
           error != -ECONNREFUSED && error != -EOPNOTSUPP;
}

static int fetch_named(struct fetcher *fetcher, const struct netns_name *name)
{
    int fd = -1;
    int r = linkwatch_netns_open(name->path, &fd);

    if (netns_name_is_none(r))
        return 0;
    if (r < 0) {
        failed(fetcher, ctl_netns_failed(name->name, r));
        return r == -EOPNOTSUPP ? r : 0;
    }
    r = linkwatch_enter(fetcher->connection, fd, CTL_PATIENCE);
    close(fd);
    if (r >= 0)
        r = fetch_one(fetcher, name->name);
    if (r >= 0)
        return 0;
    ctl_error("network namespace \"%s\": %s (linkwatchd at %s)", name->name,
              linkwatch_error(fetcher->connection), fetcher->ctl->path);
    failed(fetcher, EXIT_FAILED);
    return is_of_one(r) ? 0 : r;
}

static void fetch_all_named(struct fetcher *fetcher)
{
    struct netns_name own = netns_own(fetcher->ctl);
    struct netns_names names = {0};
    const char *directory;
    int r = netns_names_read(&own, &names, &directory);

    if (r < 0) {
        ctl_error("%s: %s", r == -ENOMEM ? "network namespaces" : directory, strerror(-r));
        failed(fetcher, EXIT_FAILED);
    }
    for (size_t i = 0; i < names.count; i++)
        if (fetch_named(fetcher, &names.items[i]) < 0)
            break;
    netns_names_clear(&names);
}

static void fetch_from(struct fetcher *fetcher)
{
    int r = fetch_one(fetcher, NULL);

    if (r < 0)
        failed(fetcher, ctl_call_failed(fetcher->ctl, fetcher->connection, r));
    if (fetcher->ctl->all_netns && (r >= 0 || is_of_one(r)))
        fetch_all_named(fetcher);
}

int fetch_all(const struct ctl *ctl, enum fetch_what what, struct fetch *ret)
{
    struct fetcher fetcher = {.ctl = ctl, .fetch = ret};

    *ret = (struct fetch){.matched = calloc((size_t)ctl->count + 1, sizeof(bool)), .what = what};
    if (!ret->matched)
        return ctl_out_of_memory();
    fetcher.code = resolve_names(ctl, &fetcher.filter);
    if (fetcher.code != EXIT_MET)
        return fetcher.code;
    fetcher.connection = ctl_connect(ctl, &fetcher.code);
    if (fetcher.connection)
        fetch_from(&fetcher);
    linkwatch_close(fetcher.connection);
    linkwatch_filter_free(fetcher.filter);
    return fetcher.code;
}

void fetch_clear(struct fetch *fetch)
{
    for (size_t i = 0; i < fetch->count; i++)
        clear_one(&fetch->items[i]);
    free(fetch->items);
    free(fetch->matched);
}

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

struct linkwatch_address *fetch_next_address(const struct fetched *fetched, int ifindex,
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

int fetch_check(const struct fetch *fetch, const struct ctl *ctl)
{
    int code = EXIT_MET;

    for (int i = 0; i < ctl->count; i++)
        if (!fetch->matched[i]) {
            ctl_error("%s \"%s\"", ctl_no_link(ctl->arguments[i]), ctl->arguments[i]);
            code = EXIT_FAILED;
        }
    return code;
}

int fetch_and_print(const struct ctl *ctl, enum fetch_what what,
                    int (*print)(const struct fetch *fetch, const struct ctl *ctl,
                                 const struct output *output))
{
    struct fetch fetch;
    int code = fetch_all(ctl, what, &fetch);
    struct output output;

    if (fetch.count > 0) {
        int checked = fetch_check(&fetch, ctl);

        output_begin(&output, ctl->colour, !ctl->no_pager && !ctl->json);
        if (print(&fetch, ctl, &output) < 0)
            code = ctl_out_of_memory();
        code = output_end(&output, code == EXIT_MET ? checked : code);
    }
    fetch_clear(&fetch);
    return code;
}
