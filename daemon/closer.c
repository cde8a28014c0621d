/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/closer.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* One child is for all that come within so many seconds, or for so many. */
#define COLLECT      .05
#define SOCKETS_MAX  256
#define CHILD_SIGNAL SIGUSR1

struct closer {
    struct ev_loop *loop;
    struct ev_timer timer;
    int sockets[SOCKETS_MAX];
    size_t count;
    size_t children; /* that are not reaped yet */
};

/* The child: has all that its parent has, waits until that has closed its own, and ends. */
static void end_when_signalled(pid_t parent, const sigset_t *signals)
{
    int number;

    (void)prctl(PR_SET_PDEATHSIG, CHILD_SIGNAL);
    if (getppid() == parent)
        (void)sigwait(signals, &number);
    _exit(EXIT_SUCCESS);
}

/* -1 if there is no child. All of its signals but one stay blocked. */
static pid_t make_child(void)
{
    pid_t parent = getpid();
    sigset_t all, before, signals;
    pid_t child;

    sigemptyset(&signals);
    sigaddset(&signals, CHILD_SIGNAL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    child = fork();
    if (child == 0)
        end_when_signalled(parent, &signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return child;
}

static void close_all(struct closer *closer)
{
    while (closer->count > 0)
        close(closer->sockets[--closer->count]);
}

static void reap(struct closer *closer)
{
    pid_t pid;

    while (closer->children > 0 && (pid = waitpid(-1, NULL, WNOHANG)) != 0) {
        /* Where SIGCHLD was ignored by who started us, there is nobody to reap. */
        if (pid < 0 && errno == ECHILD)
            closer->children = 0;
        else if (pid > 0)
            closer->children--;
        else
            break;
    }
}

/* False if there can't be a child now. */
static bool flush(struct closer *closer)
{
    pid_t child;

    if (closer->count == 0)
        return true;
    child = make_child();
    if (child < 0)
        return false;
    closer->children++;
    close_all(closer);
    kill(child, CHILD_SIGNAL);
    return true;
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct closer *closer = timer->data;

    (void)events;
    reap(closer);
    (void)flush(closer);
    if (closer->count == 0 && closer->children == 0)
        ev_timer_stop(loop, timer);
}

struct closer *closer_new(struct ev_loop *loop)
{
    struct closer *closer = calloc(1, sizeof(*closer));

    if (!closer)
        return NULL;
    closer->loop = loop;
    ev_timer_init(&closer->timer, on_timer, COLLECT, COLLECT);
    closer->timer.data = closer;
    return closer;
}

struct closer *closer_free(struct closer *closer)
{
    if (!closer)
        return NULL;
    ev_timer_stop(closer->loop, &closer->timer);
    reap(closer);
    /* What is left open goes with this process. */
    (void)flush(closer);
    free(closer);
    return NULL;
}

static void start_timer(struct closer *closer)
{
    if (ev_is_active(&closer->timer))
        return;
    ev_timer_set(&closer->timer, COLLECT, COLLECT);
    ev_timer_start(closer->loop, &closer->timer);
}

void closer_reap(struct closer *closer)
{
    closer->children++;
    start_timer(closer);
}

/* Without a child for so many there is nothing left but to take the risk. */
void closer_close(struct closer *closer, int fd)
{
    closer->sockets[closer->count++] = fd;
    if (closer->count == SOCKETS_MAX && !flush(closer))
        close_all(closer);
    start_timer(closer);
}
