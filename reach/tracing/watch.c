/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/watch.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "reach/process.h"
#include "reach/tracing/tracee.h"

/* Programs subscribe soon after they made the socket, or never; some join one group after
 * the other. */
#define CALLS_MAX 2000

struct watched {
    pid_t tid;
    bool interrupted;
};

struct watch {
    struct watch *next;
    pid_t process;
    int left; /* calls of all of its threads together */
    struct watched *threads;
    size_t count;
    size_t room;
};

struct watches {
    struct watch *first;
};

struct watches *watches_new(void)
{
    return calloc(1, sizeof(struct watches));
}

static void end_watch(struct watches *list, struct watch *watch)
{
    struct watch **place = &list->first;

    while (*place != watch)
        place = &(*place)->next;
    *place = watch->next;
    free(watch->threads);
    free(watch);
}

struct watches *watches_free(struct watches *list)
{
    if (!list)
        return NULL;
    while (list->first)
        end_watch(list, list->first);
    free(list);
    return NULL;
}

static struct watched *find_in(const struct watch *watch, pid_t tid)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->threads[i].tid == tid)
            return &watch->threads[i];
    return NULL;
}

static struct watch *find(const struct watches *list, pid_t tid)
{
    for (struct watch *watch = list->first; watch; watch = watch->next)
        if (find_in(watch, tid))
            return watch;
    return NULL;
}

static struct watch *find_process(const struct watches *list, pid_t process)
{
    struct watch *watch = list->first;

    while (watch && watch->process != process)
        watch = watch->next;
    return watch;
}

static struct watch *watch_of(struct watches *list, pid_t process)
{
    struct watch *watch = find_process(list, process);

    if (watch)
        return watch;
    watch = calloc(1, sizeof(*watch));
    if (!watch)
        return NULL;
    watch->process = process;
    watch->next = list->first;
    list->first = watch;
    return watch;
}

static struct watched *add_thread(struct watch *watch, pid_t tid)
{
    struct watched *known = find_in(watch, tid), *threads;

    if (known)
        return known;
    if (watch->count == watch->room) {
        size_t room = watch->room > 0 ? 2 * watch->room : 8;

        threads = reallocarray(watch->threads, room, sizeof(*threads));
        if (!threads)
            return NULL;
        watch->threads = threads;
        watch->room = room;
    }
    watch->threads[watch->count] = (struct watched){.tid = tid};
    return &watch->threads[watch->count++];
}

/* One that runs, or sleeps in a call, is to stop at its next one. */
static void add_running(struct watch *watch, pid_t tid)
{
    struct watched *thread;

    if (find_in(watch, tid))
        return;
    thread = add_thread(watch, tid);
    if (thread)
        thread->interrupted = tracee_interrupt(tid) >= 0;
}

static void add_others(struct watch *watch)
{
    const struct dirent *entry;
    char path[64];
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)watch->process);
    directory = opendir(path);
    if (!directory)
        return;
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            add_running(watch, (pid_t)atoi(entry->d_name));
    closedir(directory);
}

void watches_add(struct watches *list, pid_t tid)
{
    struct watch *watch = watch_of(list, process_of_thread(tid));

    if (!watch)
        return;
    watch->left = CALLS_MAX;
    add_thread(watch, tid);
    add_others(watch);
}

void watches_inherit(struct watches *list, pid_t parent, pid_t child, pid_t thread)
{
    const struct watch *before = find_process(list, parent);
    struct watch *watch = before ? watch_of(list, child) : NULL;

    if (!watch)
        return;
    if (watch->count == 0)
        watch->left = before->left;
    add_thread(watch, thread);
}

bool watches_is_empty(const struct watches *list)
{
    return !list->first;
}

bool watches_has(const struct watches *list, pid_t tid)
{
    return find(list, tid);
}

void watches_count(struct watches *list, pid_t tid)
{
    struct watch *watch = find(list, tid);

    if (watch && --watch->left <= 0)
        end_watch(list, watch);
}

/* Calls that end when their thread is stopped, whether there is a signal or not. */
static bool ends_when_stopped(uint64_t number)
{
    switch (number) {
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_io_getevents:
    case SYS_rt_sigtimedwait:
    case SYS_semop:
    case SYS_semtimedop:
        return true;
    }
    return false;
}

void watches_mend(struct watches *list, pid_t tid)
{
    const struct watch *watch = find(list, tid);
    struct watched *thread = watch ? find_in(watch, tid) : NULL;
    struct user_regs_struct registers;

    if (!thread || !thread->interrupted)
        return;
    thread->interrupted = false;
    if (tracee_get_registers(tid, &registers) < 0 || (int64_t)registers.rax != -EINTR ||
        !ends_when_stopped(registers.orig_rax) || tracee_hold(tid, &registers) < 0)
        return;
    registers.rax = (uint64_t)TRACEE_RESTART_UNLESS_HANDLED;
    tracee_set_registers(tid, &registers);
    tracee_release(tid);
}

void watches_remove(struct watches *list, pid_t tid)
{
    struct watch *watch = find(list, tid);
    struct watched *thread = watch ? find_in(watch, tid) : NULL;

    if (!thread)
        return;
    *thread = watch->threads[--watch->count];
    if (watch->count == 0)
        end_watch(list, watch);
}
