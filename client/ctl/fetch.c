/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/netns_dirs.h"
#include "client/ctl/netns_label.h"
#include "client/ctl/netns_own.h"

static int add_names(struct linkwatch_filter *filter, const struct ctl *ctl)
{
    for (int i = 0; i < ctl->count; i++) {
        int r = linkwatch_filter_add_name(filter, ctl->arguments[i]);

        if (r < 0)
            return r;
    }
    return 0;
}

int ctl_filter(const struct ctl *ctl, struct linkwatch_filter **ret)
{
    struct linkwatch_filter *filter;
    int r = linkwatch_filter_new(&filter);

    if (r >= 0) {
        r = add_names(filter, ctl);
        if (r < 0)
            linkwatch_filter_free(filter);
        else
            *ret = filter;
    }
    if (r >= 0)
        return EXIT_MET;
    ctl_complain("%s", strerror(-r));
    return EXIT_FAILED;
}

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
    linkwatch_list_free(fetched->list);
}

static int keep(struct fetch *fetch, const struct fetched *fetched)
{
    struct fetched *items = reallocarray(fetch->items, fetch->count + 1, sizeof(*items));

    if (!items)
        return -ENOMEM;
    fetch->items = items;
    fetch->items[fetch->count++] = *fetched;
    return 0;
}

static int add_label(struct fetched *fetched, const char *name)
{
    fetched->label = netns_label(name);
    fetched->members = netns_members(name);
    return fetched->label && fetched->members ? 0 : -ENOMEM;
}

/* The links of the namespace that the connection is about. */
static int fetch_one(struct fetcher *fetcher, const char *name)
{
    struct fetched fetched = {0};
    int r = linkwatch_list(fetcher->connection, fetcher->filter, CTL_PATIENCE, &fetched.list);

    if (r >= 0 && fetcher->ctl->all_netns)
        r = add_label(&fetched, name);
    if (r >= 0)
        r = keep(fetcher->fetch, &fetched);
    if (r < 0)
        clear_one(&fetched);
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
        ctl_complain("the network namespace \"%s\" can't be entered: %s", name->name,
                     ctl_netns_reason(r));
        failed(fetcher, EXIT_FAILED);
        return r == -EOPNOTSUPP ? r : 0;
    }
    r = linkwatch_enter(fetcher->connection, fd, CTL_PATIENCE);
    close(fd);
    if (r >= 0)
        r = fetch_one(fetcher, name->name);
    if (r >= 0)
        return 0;
    ctl_complain("network namespace \"%s\": %s (linkwatchd at %s)", name->name,
                 linkwatch_error(fetcher->connection), fetcher->ctl->path);
    failed(fetcher, EXIT_FAILED);
    return is_of_one(r) ? 0 : r;
}

static void fetch_all_named(struct fetcher *fetcher)
{
    struct netns_name own;
    struct netns_names names = {0};
    const char *directory;
    bool has_own = netns_own(fetcher->ctl, &own);
    int r = netns_names_read(has_own ? &own : NULL, &names, &directory);

    if (r < 0) {
        ctl_complain("%s: %s", r == -ENOMEM ? "network namespaces" : directory, strerror(-r));
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

int fetch_links(const struct ctl *ctl, struct fetch *ret)
{
    struct fetcher fetcher = {.ctl = ctl, .fetch = ret};

    *ret = (struct fetch){0};
    fetcher.code = ctl_filter(ctl, &fetcher.filter);
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
}

size_t fetch_count(const struct fetch *fetch)
{
    size_t count = 0;

    for (size_t i = 0; i < fetch->count; i++)
        count += linkwatch_list_count(fetch->items[i].list);
    return count;
}

static bool list_matches(const struct linkwatch_list *list, const char *glob)
{
    for (size_t i = 0; i < linkwatch_list_count(list); i++)
        if (linkwatch_link_matches(linkwatch_list_get(list, i), glob))
            return true;
    return false;
}

static bool is_matched(const struct fetch *fetch, const char *glob)
{
    for (size_t i = 0; i < fetch->count; i++)
        if (list_matches(fetch->items[i].list, glob))
            return true;
    return false;
}

int fetch_check(const struct fetch *fetch, const struct ctl *ctl)
{
    int code = EXIT_MET;

    for (int i = 0; i < ctl->count; i++)
        if (!is_matched(fetch, ctl->arguments[i])) {
            ctl_complain("there is no link \"%s\"", ctl->arguments[i]);
            code = EXIT_FAILED;
        }
    return code;
}
