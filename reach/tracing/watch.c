/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/watch.h"

#include <bsd/sys/tree.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "reach/process.h"
#include "reach/tracing/tracee.h"

/* Programs subscribe soon after they made the socket, or never; some join one group after
 * the other. Most of those that send a request with it before that only wanted its answer. */
#define CALLS_MAX      2000
#define CALLS_AND_SENT 100

struct watched {
    pid_t tid;
    bool interrupted;
};

/* One that it made. */
struct watched_socket {
    RB_ENTRY(watched_socket) node;
    int fd;
    bool has_sent;
};

/* By descriptor: programs with thousands of them close and use them all the time. */
RB_HEAD(watched_sockets, watched_socket);

struct watch {
    struct watch *next;
    pid_t process;
    int left; /* calls of all of its threads together; 0 when it isn't watched any more */
    struct watched *threads;
    size_t count;
    size_t room;
    struct watched_sockets sockets;
    size_t unsent; /* of them, those that sent nothing yet */
    bool copied;   /* some may be under several numbers, or under others */
};

struct watches {
    struct watch *first;
};

struct watches *watches_new(void)
{
    return calloc(1, sizeof(struct watches));
}

static int compare(const struct watched_socket *a, const struct watched_socket *b)
{
    return (a->fd > b->fd) - (a->fd < b->fd);
}

#define STATIC static __attribute__((unused))
RB_GENERATE_INTERNAL(watched_sockets, watched_socket, node, compare, STATIC)

static struct watched_socket *find_socket(struct watch *watch, int fd)
{
    struct watched_socket wanted = {.fd = fd};

    return RB_FIND(watched_sockets, &watch->sockets, &wanted);
}

static void remove_socket(struct watch *watch, struct watched_socket *socket)
{
    RB_REMOVE(watched_sockets, &watch->sockets, socket);
    watch->unsent -= !socket->has_sent;
    free(socket);
}

static void remove_sockets(struct watch *watch)
{
    while (!RB_EMPTY(&watch->sockets))
        remove_socket(watch, RB_ROOT(&watch->sockets));
}

static void drop(struct watches *list, struct watch *watch)
{
    struct watch **place = &list->first;

    while (*place != watch)
        place = &(*place)->next;
    *place = watch->next;
    remove_sockets(watch);
    free(watch->threads);
    free(watch);
}

/* Of threads that have yet to stop since they were interrupted, that is to be mended. */
static void end_watch(struct watches *list, struct watch *watch)
{
    size_t interrupted = 0;

    for (size_t i = 0; i < watch->count; i++)
        if (watch->threads[i].interrupted)
            watch->threads[interrupted++] = watch->threads[i];
    watch->count = interrupted;
    watch->left = 0;
    watch->copied = false;
    remove_sockets(watch);
    if (watch->count == 0)
        drop(list, watch);
}

struct watches *watches_free(struct watches *list)
{
    if (!list)
        return NULL;
    while (list->first)
        drop(list, list->first);
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
static int add_running(pid_t process, pid_t tid, void *user)
{
    struct watch *watch = user;
    struct watched *thread = find_in(watch, tid) ? NULL : add_thread(watch, tid);

    (void)process;
    if (thread)
        thread->interrupted = tracee_interrupt(tid) >= 0;
    return 0;
}

/* Also under the number of one that was closed in a way that isn't traced. */
static bool add_socket(struct watch *watch, int fd, bool has_sent)
{
    struct watched_socket *socket = find_socket(watch, fd);

    if (socket)
        remove_socket(watch, socket);
    socket = malloc(sizeof(*socket));
    if (!socket)
        return false;
    socket->fd = fd;
    socket->has_sent = has_sent;
    watch->unsent += !has_sent;
    RB_INSERT(watched_sockets, &watch->sockets, socket);
    return true;
}

void watches_add(struct watches *list, pid_t tid, int fd)
{
    struct watch *watch = watch_of(list, process_of_thread(tid));

    if (!watch)
        return;
    /* One that is not remembered isn't known to be closed either. */
    if (!add_socket(watch, fd, false))
        watch->copied = true;
    watch->left = CALLS_MAX;
    add_thread(watch, tid);
    process_each_thread(watch->process, add_running, watch);
}

void watches_sends(struct watches *list, pid_t tid, int fd)
{
    struct watch *watch = find(list, tid);
    struct watched_socket *socket = watch ? find_socket(watch, fd) : NULL;

    if (!socket || socket->has_sent)
        return;
    socket->has_sent = true;
    watch->unsent--;
    if (watch->unsent == 0 && watch->left > CALLS_AND_SENT)
        watch->left = CALLS_AND_SENT;
}

void watches_closes(struct watches *list, pid_t tid, int fd)
{
    struct watch *watch = find(list, tid);
    struct watched_socket *socket = watch ? find_socket(watch, fd) : NULL;

    if (!watch)
        return;
    if (socket)
        remove_socket(watch, socket);
    if (RB_EMPTY(&watch->sockets) && !watch->copied)
        end_watch(list, watch);
}

void watches_copies(struct watches *list, pid_t tid)
{
    struct watch *watch = find(list, tid);

    if (watch)
        watch->copied = true;
}

/* Copies of the descriptors, too. */
static void begin_as(struct watch *watch, struct watch *before)
{
    struct watched_socket *s;

    watch->left = before->left;
    watch->copied = before->copied;
    RB_FOREACH(s, watched_sockets, &before->sockets)
    if (!add_socket(watch, s->fd, s->has_sent))
        watch->copied = true;
}

void watches_inherit(struct watches *list, pid_t parent, pid_t child, pid_t thread)
{
    struct watch *before = find_process(list, parent);
    struct watch *watch = before && before->left > 0 ? watch_of(list, child) : NULL;

    if (!watch)
        return;
    if (watch->count == 0)
        begin_as(watch, before);
    add_thread(watch, thread);
}

bool watches_is_empty(const struct watches *list)
{
    return !list->first;
}

bool watches_has(const struct watches *list, pid_t tid)
{
    const struct watch *watch = find(list, tid);

    return watch && watch->left > 0;
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

void watches_interrupt_again(const struct watches *list, pid_t tid)
{
    const struct watch *watch = find(list, tid);
    const struct watched *thread = watch ? find_in(watch, tid) : NULL;

    if (thread && thread->interrupted)
        tracee_interrupt(tid);
}

/* Whether it was interrupted, which is over now. */
static bool take_interruption(struct watches *list, pid_t tid)
{
    struct watch *watch = find(list, tid);
    struct watched *thread = watch ? find_in(watch, tid) : NULL;

    if (!thread || !thread->interrupted)
        return false;
    thread->interrupted = false;
    if (watch->left == 0)
        end_watch(list, watch);
    return true;
}

void watches_mend(struct watches *list, pid_t tid)
{
    struct user_regs_struct registers;

    if (!take_interruption(list, tid))
        return;
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
        drop(list, watch);
}
