/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatch_wait(): a mirror of its own, until the conditions are met. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "client/sized_struct.h"
#include "client/wait_targets.h"
#include "protocol/clock.h"

/* With a timeout of 0, the time within which the links must be received. */
#define CHECK_TIMEOUT INT64_C(5000000)

struct wait {
    struct linkwatch_mirror *mirror;
    struct wait_targets targets;
    bool connected;   /* a daemon was there */
    bool was_ready;   /* the links were complete once */
    bool checks_once; /* the timeout is 0 */
    uint64_t due;     /* when it may be over, if nothing changes */
    struct linkwatch_wait_options options;

    bool done;
    int result; /* when done */
    struct linkwatch_link *met;
};

static void finish(struct wait *wait, int result)
{
    if (wait->done)
        return;
    wait->done = true;
    wait->result = result;
}

static void evaluate(struct wait *wait)
{
    uint64_t now = clock_monotonic();

    if (wait->done ||
        !targets_are_met(&wait->targets, linkwatch_mirror_is_ready(wait->mirror), now, &wait->due))
        return;
    wait->met = targets_first_met(&wait->targets, now);
    if (wait->met)
        linkwatch_link_ref(wait->met);
    targets_report_met(&wait->targets, now, wait->options.user, wait->options.met);
    finish(wait, 0);
}

/* Between events that belong together nothing is evaluated: the kernel never had that state. */
static void evaluate_after(struct wait *wait, const struct linkwatch_event *event)
{
    if (!linkwatch_event_more_follows(event))
        evaluate(wait);
}

static void take_link(struct wait *wait, int ifindex, const struct linkwatch_event *event)
{
    struct linkwatch_link *now = linkwatch_mirror_get(wait->mirror, ifindex);
    int r = 0;

    if (wait->done)
        return;
    if (now)
        r = targets_take(&wait->targets, wait->mirror, now, clock_monotonic());
    if (r < 0)
        finish(wait, r);
    evaluate_after(wait, event);
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    take_link(user, linkwatch_link_ifindex(link), event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct wait *wait = user;

    (void)before;
    (void)fields;
    if (linkwatch_event_flaps(event) > 0 && wait->options.hold_down == 0)
        targets_flap(&wait->targets, linkwatch_link_ifindex(now), clock_monotonic());
    take_link(wait, linkwatch_link_ifindex(now), event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct wait *wait = user;

    targets_drop(&wait->targets, linkwatch_link_ifindex(link));
    evaluate_after(wait, event);
}

static void on_address(void *user, struct linkwatch_address *address,
                       const struct linkwatch_event *event)
{
    take_link(user, linkwatch_address_ifindex(address), event);
}

static void on_address_change(void *user, struct linkwatch_address *before,
                              struct linkwatch_address *now, linkwatch_fields fields,
                              const struct linkwatch_event *event)
{
    (void)before;
    (void)fields;
    on_address(user, now, event);
}

static void on_ready(void *user)
{
    struct wait *wait = user;

    wait->was_ready = true;
    evaluate(wait);
}

static void on_lost(void *user, int64_t events)
{
    struct wait *wait = user;

    (void)events;
    targets_interrupt(&wait->targets, clock_monotonic());
}

static void on_connected(void *user, bool resumed)
{
    struct wait *wait = user;

    wait->connected = true;
    if (!resumed)
        targets_interrupt(&wait->targets, clock_monotonic());
}

/* After the first daemon another one is waited for; and one that has no room yet will
 * have it. */
static void on_disconnected(void *user, int error, const char *reason)
{
    struct wait *wait = user;

    (void)reason;
    if (!wait->connected && error != -EAGAIN)
        finish(wait, error);
}

/* As long as no links are known, no condition is met. */
static void on_source(void *user, const struct linkwatch_source *source)
{
    struct wait *wait = user;
    int64_t last_dump;

    if (wait->checks_once && linkwatch_source_get_last_dump(source, &last_dump) < 0)
        finish(wait, -ENODATA);
    if (wait->options.source)
        wait->options.source(wait->options.user, source);
}

static const struct linkwatch_callbacks callbacks = {
    .size = sizeof(callbacks),
    .add = on_add,
    .change = on_change,
    .remove = on_remove,
    .ready = on_ready,
    .lost = on_lost,
    .source = on_source,
    .connected = on_connected,
    .disconnected = on_disconnected,
    .address_add = on_address,
    .address_change = on_address_change,
    .address_remove = on_address,
};

static int make_mirror(struct wait *wait, const char *path)
{
    const struct wait_targets *targets = &wait->targets;
    struct linkwatch_filter *filter;
    int r = linkwatch_filter_new(&filter);

    if (r < 0)
        return r;
    /* A followed link may get any name. */
    for (size_t i = 0; r >= 0 && !targets->follows && i < targets->glob_count; i++)
        r = linkwatch_filter_add_name(filter, targets->globs[i]);
    if (r >= 0)
        r = linkwatch_mirror_new(path, filter, &callbacks, wait, &wait->mirror);
    if (r >= 0)
        r = linkwatch_mirror_set_hold(wait->mirror, wait->options.hold_up, wait->options.hold_down);
    if (r >= 0 && targets->needs_addresses)
        r = linkwatch_mirror_follow_addresses(wait->mirror);
    if (r >= 0 && wait->options.socket_fd)
        r = linkwatch_mirror_enter(wait->mirror, *wait->options.socket_fd);
    linkwatch_filter_free(filter);
    return r;
}

/* What is not known has no reason. */
static int time_out(const struct wait *wait)
{
    if (linkwatch_mirror_is_ready(wait->mirror))
        targets_report_unmet(&wait->targets, wait->mirror, clock_monotonic(), wait->options.user,
                             wait->options.unmet);
    return wait->checks_once && !wait->was_ready ? -ENODATA : -ETIMEDOUT;
}

static int run(struct wait *wait, int64_t timeout)
{
    uint64_t deadline = deadline_after(timeout);
    uint64_t first_deadline = deadline_after(timeout == 0 ? CHECK_TIMEOUT : timeout);

    while (!wait->done) {
        uint64_t end = wait->was_ready ? deadline : first_deadline;
        uint64_t now = clock_monotonic();
        uint64_t until = wait->due < end ? wait->due : end;
        int r;

        if (now >= end)
            return time_out(wait);
        r = linkwatch_mirror_wait(wait->mirror, until == DEADLINE_NEVER ? LINKWATCH_FOREVER
                                                : until > now           ? (int64_t)(until - now)
                                                                        : 0);
        if (r < 0 && r != -EINTR)
            return r;
        evaluate(wait);
    }
    return wait->result;
}

static int refuse(const struct wait *wait, const char *condition, const char *reason)
{
    if (condition && wait->options.invalid)
        wait->options.invalid(wait->options.user, condition, reason);
    return -EINVAL;
}

/* "stable=2s" among them. */
static const char *find_stable(const struct wait_targets *targets)
{
    for (size_t i = 0; i < targets->condition_count; i++)
        if (targets->conditions[i].type == CONDITION_STABLE &&
            (uint64_t)targets->conditions[i].number == targets->stable)
            return targets->texts[i];
    return NULL;
}

static int parse(struct wait *wait, const char *glob, const char *const *conditions,
                 int64_t timeout)
{
    const char *wrong = NULL;
    const char *reason = NULL;
    int r = targets_init(&wait->targets, glob, wait->options.globs, conditions,
                         wait->options.at_least, &wrong, &reason);

    if (r == -EINVAL)
        return refuse(wait, wrong, reason);
    if (r >= 0 && timeout >= 0 && wait->targets.stable > 0 &&
        wait->targets.stable >= (uint64_t)timeout)
        return refuse(wait, find_stable(&wait->targets),
                      "can never be met: the timeout is not longer");
    return r;
}

int linkwatch_wait(const char *path, const char *glob, const char *const *conditions,
                   int64_t timeout, const struct linkwatch_wait_options *options,
                   struct linkwatch_link **ret_link)
{
    struct wait wait = {.checks_once = timeout == 0, .due = DEADLINE_NEVER};
    int r = 0;

    if (options)
        r = sized_struct_copy(&wait.options, sizeof(wait.options), options, options->size,
                              offsetof(struct linkwatch_wait_options, globs));
    if (r >= 0)
        r = parse(&wait, glob, conditions, timeout);
    if (r >= 0)
        r = make_mirror(&wait, path);
    if (r >= 0)
        r = run(&wait, timeout);
    linkwatch_mirror_free(wait.mirror);
    targets_clear(&wait.targets);
    if (r >= 0 && ret_link)
        *ret_link = wait.met;
    else
        linkwatch_link_unref(wait.met);
    return r;
}
