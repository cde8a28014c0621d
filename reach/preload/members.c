/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/members.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reach/process.h"

struct member {
    RB_ENTRY(member) node;
    pid_t process;
    int pidfd; /* -1 if it is hidden */
};

static int compare(const struct member *a, const struct member *b)
{
    return (a->process > b->process) - (a->process < b->process);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(member_tree, member, node, compare, STATIC)

int members_begin(struct members *members)
{
    *members = (struct members){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    return members->epoll_fd < 0 ? -errno : 0;
}

static struct member *find(const struct members *members, pid_t process)
{
    struct member wanted = {.process = process};

    return RB_FIND(member_tree, (struct member_tree *)&members->tree, &wanted);
}

bool members_has(const struct members *members, pid_t process)
{
    return find(members, process);
}

static bool has_ended(const struct member *member)
{
    struct pollfd end = {.fd = member->pidfd, .events = POLLIN};

    return member->pidfd < 0 ? !process_lives(member->process) : poll(&end, 1, 0) > 0;
}

static void remove_member(struct members *members, struct member *member)
{
    RB_REMOVE(member_tree, &members->tree, member);
    /* That takes it out of the epoll set, too. */
    if (member->pidfd >= 0)
        close(member->pidfd);
    else
        members->hidden--;
    free(member);
}

static void observe(struct members *members, struct member *member)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = member};
    int pidfd = (int)syscall(SYS_pidfd_open, member->process, 0);

    if (pidfd >= 0 && epoll_ctl(members->epoll_fd, EPOLL_CTL_ADD, pidfd, &event) < 0) {
        close(pidfd);
        pidfd = -1;
    }
    member->pidfd = pidfd;
    members->hidden += pidfd < 0;
}

int members_add(struct members *members, pid_t process)
{
    struct member *member = find(members, process);

    if (member && !has_ended(member))
        return 1;
    /* Its number is another process's by now. */
    if (member)
        remove_member(members, member);
    member = malloc(sizeof(*member));
    if (!member)
        return -ENOMEM;
    member->process = process;
    observe(members, member);
    RB_INSERT(member_tree, &members->tree, member);
    return 0;
}

static struct member *find_ended(const struct members *members)
{
    struct epoll_event event;
    struct member *member;

    if (epoll_wait(members->epoll_fd, &event, 1, 0) > 0)
        return event.data.ptr;
    if (members->hidden == 0)
        return NULL;
    RB_FOREACH (member, member_tree, (struct member_tree *)&members->tree) {
        if (member->pidfd < 0 && has_ended(member))
            return member;
    }
    return NULL;
}

pid_t members_take_ended(struct members *members)
{
    struct member *member = find_ended(members);
    pid_t process = member ? member->process : 0;

    if (member)
        remove_member(members, member);
    return process;
}
