/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "reach/process.h"
#include "reach/tracing/tracee.h"

/* Programs subscribe soon after they made the socket, or never; some join one group after
 * the other. Most of those that send a request with it before that only wanted its answer. */
#define CALLS_MAX      2000
#define CALLS_AND_SENT 100

/* One that it made. */
struct watched_socket {
    RB_ENTRY(watched_socket) node;
    int fd;
    bool has_sent;
};

/* By descriptor: programs with thousands of them close and use them all the time. */
RB_HEAD(watched_sockets, watched_socket);

struct watch {
    struct threads *all;
    LIST_HEAD(watched_threads, thread) threads;
    int left; /* calls of all of its threads together */
    struct watched_sockets sockets;
    size_t unsent; /* of them, those that sent nothing yet */
    bool copied;   /* some may be under several numbers, or under others */
};

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

void watch_leave(struct thread *thread)
{
    struct watch *watch = thread->watch;

    if (!watch)
        return;
    LIST_REMOVE(thread, sibling);
    thread->watch = NULL;
    if (!LIST_EMPTY(&watch->threads))
        return;
    remove_sockets(watch);
    free(watch);
}

static void join(struct watch *watch, struct thread *thread)
{
    watch_leave(thread);
    thread->watch = watch;
    LIST_INSERT_HEAD(&watch->threads, thread, sibling);
}

/* The last thread that leaves it frees it. */
static void end(struct watch *watch)
{
    struct thread *thread = LIST_FIRST(&watch->threads), *next;

    for (; thread; thread = next) {
        next = LIST_NEXT(thread, sibling);
        watch_leave(thread);
    }
}

static struct watch *begin(struct threads *threads, struct thread *thread)
{
    struct watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    watch->all = threads;
    join(watch, thread);
    return watch;
}

/* One that runs, or sleeps in a call, is to stop at its next one. */
static int add_running(pid_t process, pid_t tid, void *user)
{
    struct watch *watch = user;
    struct thread *thread = threads_get(watch->all, tid);

    (void)process;
    if (!thread || thread->watch == watch)
        return 0;
    join(watch, thread);
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

void watch_begin(struct threads *threads, struct thread *thread, int fd)
{
    struct watch *watch = thread->watch ? thread->watch : begin(threads, thread);

    if (!watch)
        return;
    /* One that is not remembered isn't known to be closed either. */
    if (!add_socket(watch, fd, false))
        watch->copied = true;
    watch->left = CALLS_MAX;
    process_each_thread(thread_process(thread), add_running, watch);
}

static struct watched_socket *find_of(const struct thread *thread, int fd)
{
    return thread->watch ? find_socket(thread->watch, fd) : NULL;
}

void watch_sends(const struct thread *thread, int fd)
{
    struct watched_socket *socket = find_of(thread, fd);
    struct watch *watch = thread->watch;

    if (!socket || socket->has_sent)
        return;
    socket->has_sent = true;
    watch->unsent--;
    if (watch->unsent == 0 && watch->left > CALLS_AND_SENT)
        watch->left = CALLS_AND_SENT;
}

void watch_closes(const struct thread *thread, int fd)
{
    struct watched_socket *socket = find_of(thread, fd);
    struct watch *watch = thread->watch;

    if (socket)
        remove_socket(watch, socket);
    if (watch && RB_EMPTY(&watch->sockets) && !watch->copied)
        end(watch);
}

void watch_copies(const struct thread *thread)
{
    if (thread->watch)
        thread->watch->copied = true;
}

void watch_inherit(struct thread *parent, struct thread *child)
{
    struct watch *before = parent->watch, *watch;
    struct watched_socket *s;

    if (!before || child->watch)
        return;
    if (thread_process(child) == thread_process(parent)) {
        join(before, child);
        return;
    }
    watch = begin(before->all, child);
    if (!watch)
        return;
    /* It has copies of the descriptors, too. */
    watch->left = before->left;
    watch->copied = before->copied;
    RB_FOREACH (s, watched_sockets, &before->sockets) {
        if (!add_socket(watch, s->fd, s->has_sent))
            watch->copied = true;
    }
}

void watch_count(const struct thread *thread)
{
    if (--thread->watch->left <= 0)
        end(thread->watch);
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

void watch_interrupt_again(const struct thread *thread)
{
    if (thread->interrupted)
        tracee_interrupt(thread->tid);
}

void watch_mend(struct thread *thread)
{
    struct user_regs_struct registers;

    if (!thread->interrupted)
        return;
    thread->interrupted = false;
    if (tracee_get_registers(thread->tid, &registers) < 0 || (int64_t)registers.rax != -EINTR ||
        !ends_when_stopped(registers.orig_rax) || tracee_hold(thread->tid, &registers) < 0)
        return;
    registers.rax = (uint64_t)TRACEE_RESTART_UNLESS_HANDLED;
    tracee_set_registers(thread->tid, &registers);
    tracee_release(thread->tid);
}
