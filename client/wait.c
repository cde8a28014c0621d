/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatch_wait(): a mirror of its own, until the conditions are met. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/condition.h"
#include "client/deadline.h"
#include "client/link_set.h"

/* With a timeout of 0, the time within which the links must come. */
#define CHECK_TIMEOUT INT64_C(5000000)

struct wait {
    struct linkwatch_mirror *mirror;
    const char *glob;
    struct condition *conditions;
    size_t count;
    bool absent;
    struct object_set firsts; /* the links that are followed, as they were first seen */
    bool heard;               /* a daemon was there */
    bool was_ready;           /* the links were complete once */
    bool checks_once;         /* the timeout is 0 */
    struct linkwatch_wait_options options;

    bool done;
    int result; /* when done */
    struct linkwatch_link *met;
};

static void finish(struct wait *wait, int result, struct linkwatch_link *link)
{
    if (wait->done)
        return;
    wait->done = true;
    wait->result = result;
    wait->met = link ? linkwatch_link_ref(link) : NULL;
}

/* A link is followed from the moment its name matches. */
static int follow(struct wait *wait, struct linkwatch_link *link)
{
    if (link_set_get(&wait->firsts, linkwatch_link_ifindex(link)) ||
        !linkwatch_link_matches(link, wait->glob))
        return 0;
    return link_set_put(&wait->firsts, link, SIZE_MAX);
}

static bool all_met(const struct wait *wait, const struct linkwatch_link *link,
                    const struct linkwatch_link *first)
{
    for (size_t i = 0; i < wait->count; i++)
        if (!condition_met_in(&wait->conditions[i], wait->mirror, link, first))
            return false;
    return true;
}

static bool any_follows(const struct wait *wait)
{
    for (size_t i = 0; i < wait->count; i++)
        if (condition_follows(&wait->conditions[i]))
            return true;
    return false;
}

static void judge(struct wait *wait, struct linkwatch_link *link)
{
    struct linkwatch_link *first;
    int r = follow(wait, link);

    if (r < 0)
        finish(wait, r, NULL);
    first = link_set_get(&wait->firsts, linkwatch_link_ifindex(link));
    if (!first || (!any_follows(wait) && !linkwatch_link_matches(link, wait->glob)))
        return;
    if (all_met(wait, link, first))
        finish(wait, 0, link);
}

/* As it is now: what it was between events that belong together doesn't count. */
static void judge_as_it_is(struct wait *wait, const struct linkwatch_link *link)
{
    struct linkwatch_link *now = linkwatch_mirror_get(wait->mirror, linkwatch_link_ifindex(link));

    if (now)
        judge(wait, now);
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    (void)event;
    judge_as_it_is(user, link);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    (void)before;
    (void)fields;
    (void)event;
    judge_as_it_is(user, now);
}

static bool needs_addresses(const struct wait *wait)
{
    for (size_t i = 0; i < wait->count; i++)
        if (condition_needs_addresses(&wait->conditions[i]))
            return true;
    return false;
}

static void judge_with_address(struct wait *wait, const struct linkwatch_address *address)
{
    struct linkwatch_link *link =
        linkwatch_mirror_get(wait->mirror, linkwatch_address_ifindex(address));

    if (link)
        judge(wait, link);
}

static void on_address_add(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event)
{
    (void)event;
    judge_with_address(user, address);
}

static void on_address_change(void *user, struct linkwatch_address *before,
                              struct linkwatch_address *now, linkwatch_fields fields,
                              const struct linkwatch_event *event)
{
    (void)before;
    (void)fields;
    (void)event;
    judge_with_address(user, now);
}

static bool is_there(const struct wait *wait)
{
    struct linkwatch_link *link = NULL;
    int ifindex = 0;

    while ((link = linkwatch_mirror_next(wait->mirror, ifindex))) {
        if (linkwatch_link_matches(link, wait->glob))
            return true;
        ifindex = linkwatch_link_ifindex(link);
    }
    return false;
}

static void judge_absence(struct wait *wait)
{
    if (wait->absent && linkwatch_mirror_is_ready(wait->mirror) && !is_there(wait))
        finish(wait, 0, NULL);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct wait *wait = user;

    (void)event;
    link_set_drop(&wait->firsts, linkwatch_link_ifindex(link));
    judge_absence(wait);
}

static void on_ready(void *user)
{
    struct wait *wait = user;

    wait->was_ready = true;
    judge_absence(wait);
}

static void on_connected(void *user, bool resumed)
{
    struct wait *wait = user;

    (void)resumed;
    wait->heard = true;
}

/* Once there was a daemon, another one will come; and one that has no room yet will
 * have it. */
static void on_disconnected(void *user, int error, const char *reason)
{
    struct wait *wait = user;

    (void)reason;
    if (!wait->heard && error != -EAGAIN)
        finish(wait, error, NULL);
}

/* As long as no links are known, no condition is met. */
static void on_source(void *user, const struct linkwatch_source *source)
{
    struct wait *wait = user;
    int64_t last_dump;

    if (wait->checks_once && linkwatch_source_get_last_dump(source, &last_dump) < 0)
        finish(wait, -ENODATA, NULL);
    if (wait->options.source)
        wait->options.source(wait->options.user, source);
}

static const struct linkwatch_callbacks callbacks = {
    .size = sizeof(callbacks),
    .add = on_add,
    .change = on_change,
    .remove = on_remove,
    .ready = on_ready,
    .source = on_source,
    .connected = on_connected,
    .disconnected = on_disconnected,
    .address_add = on_address_add,
    .address_change = on_address_change,
};

static int make_mirror(struct wait *wait, const char *path)
{
    struct linkwatch_filter *filter;
    int r = linkwatch_filter_new(&filter);

    if (r < 0)
        return r;
    /* A followed link may get any name. */
    if (!any_follows(wait))
        r = linkwatch_filter_add_name(filter, wait->glob);
    if (r >= 0)
        r = linkwatch_mirror_new(path, filter, &callbacks, wait, &wait->mirror);
    if (r >= 0 && needs_addresses(wait))
        r = linkwatch_mirror_follow_addresses(wait->mirror);
    if (r >= 0 && wait->options.socket_fd)
        r = linkwatch_mirror_enter(wait->mirror, *wait->options.socket_fd);
    linkwatch_filter_free(filter);
    return r;
}

static int run(struct wait *wait, int64_t timeout)
{
    uint64_t deadline = deadline_after(timeout);
    uint64_t first_deadline = deadline_after(timeout == 0 ? CHECK_TIMEOUT : timeout);

    while (!wait->done) {
        uint64_t until = wait->was_ready ? deadline : first_deadline;
        uint64_t now = clock_now();
        int r;

        if (now >= until)
            return -ETIMEDOUT;
        r = linkwatch_mirror_wait(wait->mirror, until == DEADLINE_NEVER ? LINKWATCH_FOREVER
                                                                        : (int64_t)(until - now));
        if (r < 0 && r != -EINTR)
            return r;
    }
    return wait->result;
}

static int refuse(const struct wait *wait, const char *condition, const char *reason)
{
    if (wait->options.invalid)
        wait->options.invalid(wait->options.user, condition, reason);
    return -EINVAL;
}

static int parse(struct wait *wait, const char *const *texts)
{
    while (texts[wait->count])
        wait->count++;
    if (wait->count == 0)
        return -EINVAL;
    wait->conditions = calloc(wait->count, sizeof(*wait->conditions));
    if (!wait->conditions)
        return -ENOMEM;
    for (size_t i = 0; i < wait->count; i++) {
        const char *reason;

        if (condition_parse(texts[i], &wait->conditions[i], &reason) < 0)
            return refuse(wait, texts[i], reason);
        wait->absent |= wait->conditions[i].sort == CONDITION_ABSENT;
    }
    if (wait->absent && wait->count > 1)
        return refuse(wait, "absent", "cannot be combined with other conditions");
    return 0;
}

/* A larger one, of a later version, is as good if nothing is wanted that isn't known here. */
static int take_options(struct wait *wait, const struct linkwatch_wait_options *options)
{
    const char *bytes = (const char *)options;

    if (!options)
        return 0;
    if (options->size < sizeof(*options))
        return -EINVAL;
    for (size_t i = sizeof(*options); i < options->size; i++)
        if (bytes[i] != 0)
            return -EINVAL;
    wait->options = *options;
    return 0;
}

int linkwatch_wait(const char *path, const char *glob, const char *const *conditions,
                   int64_t timeout, const struct linkwatch_wait_options *options,
                   struct linkwatch_link **ret_link)
{
    struct wait wait = {.glob = glob, .checks_once = timeout == 0};
    int r = take_options(&wait, options);

    if (r >= 0)
        r = parse(&wait, conditions);
    if (r >= 0)
        r = make_mirror(&wait, path);
    if (r >= 0)
        r = run(&wait, timeout);
    linkwatch_mirror_free(wait.mirror);
    object_set_clear(&wait.firsts);
    free(wait.conditions);
    if (r >= 0 && ret_link)
        *ret_link = wait.met;
    else
        linkwatch_link_unref(wait.met);
    return r;
}
