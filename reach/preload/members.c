/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/members.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reach/process.h"

static struct member *find(const struct members *list, pid_t process)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->members[i].process == process)
            return &list->members[i];
    return NULL;
}

bool members_has(const struct members *list, pid_t process)
{
    return find(list, process);
}

static bool has_ended(const struct member *member)
{
    struct pollfd end = {.fd = member->pidfd, .events = POLLIN};

    return member->pidfd < 0 ? !process_lives(member->process) : poll(&end, 1, 0) > 0;
}

static int make_room(struct members *list)
{
    size_t room = list->room > 0 ? 2 * list->room : 8;
    struct member *members;

    if (list->count < list->room)
        return 0;
    members = reallocarray(list->members, room, sizeof(*members));
    if (!members)
        return -ENOMEM;
    list->members = members;
    list->room = room;
    return 0;
}

int members_add(struct members *list, pid_t process)
{
    const struct member *known = find(list, process);
    int r;

    /* Its number may be another process's by now. */
    if (known && has_ended(known))
        members_review(list);
    else if (known)
        return 1;
    r = make_room(list);
    if (r < 0)
        return r;
    list->members[list->count++] = (struct member){
        .process = process,
        .pidfd = (int)syscall(SYS_pidfd_open, process, 0),
    };
    return 0;
}

void members_prepare(const struct members *list, struct pollfd *polls)
{
    /* Polls of negative descriptors are none. */
    for (size_t i = 0; i < list->count; i++)
        polls[i] = (struct pollfd){.fd = list->members[i].pidfd, .events = POLLIN};
}

bool members_need_review(const struct members *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->members[i].pidfd < 0)
            return true;
    return false;
}

bool members_review(struct members *list)
{
    size_t kept = 0, count = list->count;

    for (size_t i = 0; i < count; i++) {
        const struct member member = list->members[i];

        if (!has_ended(&member))
            list->members[kept++] = member;
        else if (member.pidfd >= 0)
            close(member.pidfd);
    }
    list->count = kept;
    return kept < count;
}
