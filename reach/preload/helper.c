/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/helper.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reach/detach.h"
#include "reach/handover.h"
#include "reach/preload/answerer.h"
#include "reach/timeout.h"

/* Connections whose request has not come yet. It comes at once, unless somebody stopped the
 * program there; the oldest must go if there are more. */
#define CONNECTIONS_MAX 64

/* In milliseconds. A process that was just made or executed reports itself within much less: that
 * long there may be one that we don't know of yet. */
#define LINGER_TIME 2000
/* How soon a process that ended is noticed where no descriptor shows it. */
#define REVIEW_TIME 500

struct helper {
    pid_t program;
    int listener;
    struct answerer answerer;
    int connections[CONNECTIONS_MAX];
    size_t connection_count;
    bool program_ended;
    bool reviews; /* a process may have ended */
    bool crowded; /* there was no descriptor for a connection */
    int64_t end;  /* when it is over, in milliseconds; 0 while there are members */
    struct pollfd *polls;
    size_t poll_room;
};

static int listen_at(const char *name)
{
    struct handover_address address;
    int r = handover_address_of(name, &address);
    int fd = r < 0 ? r : handover_bind(&address, SOCK_SEQPACKET);

    if (fd < 0 || listen(fd, SOMAXCONN) == 0)
        return fd;
    r = -errno;
    close(fd);
    return r;
}

static int open_answerer(struct answerer *answerer, const char *path)
{
    answerer->serving.subscriptions = subscriptions_new();
    answerer->members = members_new();
    if (!answerer->serving.subscriptions || !answerer->members)
        return -ENOMEM;
    /* Nobody sees it here when they are. */
    subscriptions_copied(answerer->serving.subscriptions);
    return reports_new(path, NULL, &answerer->reports);
}

int helper_new(pid_t program, const char *address, const char *path, struct helper **ret)
{
    struct helper *helper = calloc(1, sizeof(*helper));
    int r;

    if (!helper)
        return -ENOMEM;
    helper->program = program;
    helper->listener = listen_at(address);
    r = helper->listener;
    if (r >= 0)
        r = open_answerer(&helper->answerer, path);
    if (r >= 0)
        r = members_add(helper->answerer.members, program);
    if (r < 0) {
        helper_free(helper);
        return r;
    }
    reports_wait(helper->answerer.reports);
    *ret = helper;
    return 0;
}

static void close_connection(struct helper *helper, size_t index)
{
    close(helper->connections[index]);
    helper->connection_count--;
    memmove(&helper->connections[index], &helper->connections[index + 1],
            (helper->connection_count - index) * sizeof(helper->connections[0]));
}

struct helper *helper_free(struct helper *helper)
{
    if (!helper)
        return NULL;
    while (helper->connection_count > 0)
        close_connection(helper, helper->connection_count - 1);
    subscriptions_free(helper->answerer.serving.subscriptions);
    reports_free(helper->answerer.reports);
    members_free(helper->answerer.members);
    if (helper->listener >= 0)
        close(helper->listener);
    free(helper->polls);
    free(helper);
    return NULL;
}

static void accept_connections(struct helper *helper)
{
    int fd;

    while ((fd = accept4(helper->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        if (helper->connection_count == CONNECTIONS_MAX)
            close_connection(helper, 0);
        helper->connections[helper->connection_count++] = fd;
    }
    helper->crowded = errno == EMFILE || errno == ENFILE;
}

/* A request, or the end of one that didn't come. Backwards, since each is closed then. */
static void serve_connections(struct helper *helper)
{
    for (size_t i = helper->connection_count; i-- > 0;) {
        struct pollfd request = {.fd = helper->connections[i], .events = POLLIN};

        if (poll(&request, 1, 0) <= 0)
            continue;
        answer(&helper->answerer, request.fd);
        close_connection(helper, i);
    }
}

/* Whether there is somebody to serve, or may be in a moment. */
static bool goes_on(struct helper *helper)
{
    struct members *members = helper->answerer.members;

    if (helper->reviews && members_review(members))
        subscriptions_review(helper->answerer.serving.subscriptions);
    if (!helper->program_ended && !members_has(members, helper->program)) {
        helper->program_ended = true;
        detached_leave_errors();
    }
    if (!members_is_empty(members))
        helper->end = 0;
    else if (helper->end == 0)
        helper->end = timeout_clock() + LINGER_TIME;
    return helper->end == 0 || timeout_clock() < helper->end;
}

static int timeout(const struct helper *helper)
{
    int result = timeout_min(reports_timeout(helper->answerer.reports),
                             subscriptions_timeout(helper->answerer.serving.subscriptions));

    if (helper->crowded || members_need_review(helper->answerer.members))
        result = timeout_min(result, REVIEW_TIME);
    return helper->end == 0 ? result : timeout_min(result, timeout_until(helper->end));
}

static int make_polls(struct helper *helper, size_t count)
{
    struct pollfd *polls;

    if (count <= helper->poll_room)
        return 0;
    polls = reallocarray(helper->polls, 2 * count, sizeof(*polls));
    if (!polls)
        return -ENOMEM;
    helper->polls = polls;
    helper->poll_room = 2 * count;
    return 0;
}

static int wait_for_something(struct helper *helper, int timeout)
{
    const struct answerer *answerer = &helper->answerer;
    size_t members = members_count(answerer->members), count = 0;
    int r = make_polls(helper, 2 + helper->connection_count + members);

    if (r < 0)
        return r;
    /* Where nothing can be accepted, waking up for it again and again is of no use. */
    helper->polls[count++] =
        (struct pollfd){.fd = helper->crowded ? -1 : helper->listener, .events = POLLIN};
    helper->polls[count++] = (struct pollfd){.fd = reports_fd(answerer->reports),
                                             .events = reports_events(answerer->reports)};
    for (size_t i = 0; i < helper->connection_count; i++)
        helper->polls[count++] = (struct pollfd){.fd = helper->connections[i], .events = POLLIN};
    members_prepare(answerer->members, helper->polls + count);
    count += members;
    if (poll(helper->polls, (nfds_t)count, timeout) < 0)
        return errno == EINTR ? 0 : -errno;
    helper->reviews = members_need_review(answerer->members);
    for (size_t i = count - members; i < count; i++)
        helper->reviews = helper->reviews || helper->polls[i].revents != 0;
    return 0;
}

int helper_run(struct helper *helper)
{
    struct subscriptions *subscriptions = helper->answerer.serving.subscriptions;
    int r = 0;

    while (r >= 0 && goes_on(helper)) {
        r = wait_for_something(helper, timeout(helper));
        accept_connections(helper);
        serve_connections(helper);
        reports_process(helper->answerer.reports);
        /* Nobody sees it here when one that waits is closed. */
        if (subscriptions_timeout(subscriptions) == 0)
            subscriptions_review(subscriptions);
        subscriptions_check(subscriptions);
    }
    return r;
}
