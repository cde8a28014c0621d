#include "reach/links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/linkwatch.h"
#include "reach/kernel.h"

/* A picture comes within milliseconds. */
#define MOMENT INT64_C(2000000)

struct links {
    struct linkwatch_mirror *mirror;
    struct subscriptions *subscriptions;
    struct kernel *kernel;
    bool fills_gaps;
    bool connected;
    bool failed; /* to connect */
};

/* The kernel tells of these by itself. */
static bool is_told(const struct links *links, const struct linkwatch_event *event)
{
    return links->fills_gaps && linkwatch_event_learned(event) == LINKWATCH_LEARNED_NOTIFICATION;
}

/* One that vanished already is told neither now nor when it is removed. */
static void look(struct links *links, int ifindex, const struct linkwatch_event *event)
{
    struct message *message;

    /* For nobody, nothing is looked at. */
    if (subscriptions_is_empty(links->subscriptions))
        return;
    if (kernel_look(links->kernel, ifindex, &message) < 0)
        return;
    if (!is_told(links, event))
        subscriptions_tell(links->subscriptions, message);
    message_unref(message);
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    look(user, linkwatch_link_ifindex(link), event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    (void)before;
    (void)fields;
    look(user, linkwatch_link_ifindex(now), event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct links *links = user;
    struct message *message = kernel_remove(links->kernel, linkwatch_link_ifindex(link));

    if (message && !is_told(links, event))
        subscriptions_tell(links->subscriptions, message);
    message_unref(message);
}

static bool is_gone(void *user, int ifindex)
{
    const struct links *links = user;

    return !linkwatch_mirror_get(links->mirror, ifindex);
}

static void on_gone(void *user, struct message *message)
{
    const struct links *links = user;

    subscriptions_tell(links->subscriptions, message);
    message_unref(message);
}

/* Links that we looked at before there was a daemon, and that it doesn't know any more. */
static void on_ready(void *user)
{
    struct links *links = user;

    kernel_remove_those(links->kernel, is_gone, on_gone, links);
}

static void on_connected(void *user, bool resumed)
{
    struct links *links = user;

    (void)resumed;
    links->connected = true;
}

static void on_disconnected(void *user, int error, const char *reason)
{
    struct links *links = user;

    (void)error;
    (void)reason;
    links->connected = false;
    links->failed = true;
}

int links_new(const char *path, bool fills_gaps, struct subscriptions *subscriptions,
              struct links **ret)
{
    static const struct linkwatch_callbacks callbacks = {
        .size = sizeof(callbacks),
        .add = on_add,
        .change = on_change,
        .remove = on_remove,
        .ready = on_ready,
        .connected = on_connected,
        .disconnected = on_disconnected,
    };
    struct links *links = calloc(1, sizeof(*links));
    int r;

    if (!links)
        return -ENOMEM;
    links->subscriptions = subscriptions;
    links->fills_gaps = fills_gaps;
    r = kernel_new(&links->kernel);
    if (r >= 0)
        r = linkwatch_mirror_new(path, NULL, &callbacks, links, &links->mirror);
    if (r < 0) {
        links_free(links);
        return r;
    }
    *ret = links;
    return 0;
}

struct links *links_free(struct links *links)
{
    if (!links)
        return NULL;
    if (links->mirror)
        linkwatch_mirror_free(links->mirror);
    kernel_free(links->kernel);
    free(links);
    return NULL;
}

int links_fd(const struct links *links)
{
    return linkwatch_mirror_fd(links->mirror);
}

short links_events(const struct links *links)
{
    return linkwatch_mirror_events(links->mirror);
}

int links_timeout(const struct links *links)
{
    return linkwatch_mirror_timeout(links->mirror);
}

void links_process(struct links *links)
{
    linkwatch_mirror_process(links->mirror);
}

void links_wait(struct links *links)
{
    while (!links->failed && !linkwatch_mirror_is_ready(links->mirror))
        if (linkwatch_mirror_wait(links->mirror, MOMENT) <= 0)
            return;
}

void links_expect(struct links *links)
{
    if (subscriptions_is_empty(links->subscriptions))
        kernel_look_at_all(links->kernel);
}
