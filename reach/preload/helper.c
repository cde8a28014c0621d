/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/helper.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reach/detach.h"
#include "reach/handover.h"
#include "reach/preload/answerer.h"
#include "reach/preload/protocol.h"
#include "reach/timeout.h"

/* Connections whose request has not come yet. It comes at once, unless the
 * program there; the oldest must go if there are more. */
#define CONNECTIONS_MAX 64

/* In milliseconds. A process that was just made or executed reports itself within much less: that
 * long there may be one that we don't know of yet. */
#define LINGER_TIME 2000
/* How soon a process that ended is noticed where no descriptor shows it. */
#define REVIEW_TIME 500

/* Stands in for where the library is installed, for tests of what isn't. Who can set it can
 * preload what they want anyway. */
#define LIBRARY_VARIABLE "LINKWATCH_RUN_LIBRARY"

/* What the loader takes for the end of a name, and for a part that it is to replace. */
#define NO_NAME_HAS " :$"

#define PRELOAD "LD_PRELOAD"

struct helper {
    const char *path; /* of the daemon's socket */
    char name[HANDOVER_NAME_SIZE];
    pid_t program;
    int listener;
    struct answerer answerer;
    int connections[CONNECTIONS_MAX];
    size_t connection_count;
    bool program_ended;
    bool crowded; /* there was no descriptor for a connection */
    int64_t end;  /* when it is over, in milliseconds; 0 while there are members */
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

static void close_connection(struct helper *helper, size_t index)
{
    close(helper->connections[index]);
    helper->connection_count--;
    memmove(&helper->connections[index], &helper->connections[index + 1],
            (helper->connection_count - index) * sizeof(helper->connections[0]));
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

/* Whether there is a process to serve, or may be in a moment. */
static bool goes_on(struct helper *helper)
{
    struct members *members = &helper->answerer.members;
    pid_t ended;

    while ((ended = members_take_ended(members)) != 0)
        subscriptions_review_process(&helper->answerer.serving.subscriptions, ended);
    if (!helper->program_ended && !members_has(members, helper->program)) {
        helper->program_ended = true;
        detached_leave_errors();
    }
    if (!RB_EMPTY(&members->tree))
        helper->end = 0;
    else if (helper->end == 0)
        helper->end = timeout_clock() + LINGER_TIME;
    return helper->end == 0 || timeout_clock() < helper->end;
}

static int timeout(const struct helper *helper)
{
    int result = timeout_min(reports_timeout(helper->answerer.reports),
                             subscriptions_timeout(&helper->answerer.serving.subscriptions));

    if (helper->crowded || helper->answerer.members.hidden > 0)
        result = timeout_min(result, REVIEW_TIME);
    return helper->end == 0 ? result : timeout_min(result, timeout_until(helper->end));
}

static int wait_for_something(struct helper *helper, int timeout)
{
    const struct answerer *answerer = &helper->answerer;
    /* Where nothing can be accepted, waking up for it again and again is of no use. */
    struct pollfd polls[3 + CONNECTIONS_MAX] = {
        {.fd = helper->crowded ? -1 : helper->listener, .events = POLLIN},
        {.fd = reports_fd(answerer->reports), .events = reports_events(answerer->reports)},
        {.fd = answerer->members.epoll_fd, .events = POLLIN},
    };
    nfds_t count = 3;

    for (size_t i = 0; i < helper->connection_count; i++)
        polls[count++] = (struct pollfd){.fd = helper->connections[i], .events = POLLIN};
    return poll(polls, count, timeout) < 0 && errno != EINTR ? -errno : 0;
}

static int begin(pid_t program, void *user)
{
    struct helper *helper = user;
    struct answerer *answerer = &helper->answerer;
    int r;

    helper->program = program;
    helper->listener = listen_at(helper->name);
    if (helper->listener < 0)
        return helper->listener;
    subscriptions_begin(&answerer->serving.subscriptions);
    /* Copies of descriptors are not observed here. */
    subscriptions_copied(&answerer->serving.subscriptions);
    r = members_begin(&answerer->members);
    if (r >= 0)
        r = reports_new(helper->path, NULL, &answerer->reports);
    if (r >= 0)
        r = members_add(&answerer->members, program);
    if (r >= 0)
        reports_wait(answerer->reports);
    return r;
}

/* Returns when the last process has ended. */
static int run(void *user)
{
    struct helper *helper = user;
    struct subscriptions *subscriptions = &helper->answerer.serving.subscriptions;
    int r = 0;

    while (r >= 0 && goes_on(helper)) {
        r = wait_for_something(helper, timeout(helper));
        accept_connections(helper);
        serve_connections(helper);
        reports_process(helper->answerer.reports);
        /* That one that waits was closed is not observed here. */
        if (subscriptions_timeout(subscriptions) == 0)
            subscriptions_review(subscriptions);
        subscriptions_check(subscriptions);
    }
    return r;
}

const char *preload_library(void)
{
    const char *path = getenv(LIBRARY_VARIABLE);

    return path ? path : PRELOAD_LIBRARY;
}

/* Before others that are preloaded, so that they see only what the kernel did. */
static int preload(const char *library)
{
    const char *others = getenv(PRELOAD);
    char *all;
    int r;

    if (!others || others[0] == '\0')
        return setenv(PRELOAD, library, 1) < 0 ? -errno : 0;
    if (asprintf(&all, "%s:%s", library, others) < 0)
        return -ENOMEM;
    r = setenv(PRELOAD, all, 1) < 0 ? -errno : 0;
    free(all);
    return r;
}

int start_helper(const char *path)
{
    const char *library = preload_library();
    struct helper helper = {.path = path};
    int r;

    if (access(library, R_OK) < 0)
        return -errno;
    if (library[0] != '/' || strpbrk(library, NO_NAME_HAS))
        return -EINVAL;
    r = handover_choose_name(helper.name);
    if (r >= 0)
        r = detach(begin, run, &helper);
    if (r >= 0 && setenv(PRELOAD_ADDRESS, helper.name, 1) < 0)
        r = -errno;
    return r < 0 ? r : preload(library);
}
