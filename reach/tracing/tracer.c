/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/tracer.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reach/detach.h"
#include "reach/process.h"
#include "reach/timeout.h"
#include "reach/tracing/dispatch.h"
#include "reach/tracing/duplicate.h"
#include "reach/tracing/receive.h"
#include "reach/tracing/tracee.h"

#define STOPPED_FOR_CALL (SIGTRAP | 0x80)

struct tracer {
    pid_t program;
    bool trying;    /* it isn't yet what it is to be */
    bool learning;  /* what follows its bind */
    bool sees_bind; /* found out by the trial */
    bool sees_join;
    int signals; /* a signalfd for SIGCHLD */
    struct service service;
    struct receives *receives;
    /* Threads that have what they inherit from who made them. A new thread stops, as does its
     * maker, in any order; whoever of the two comes second may be late, and its process something
     * else by then. */
    struct process_set heirs;
};

static int open_signals(void)
{
    sigset_t children;
    int fd;

    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &children, NULL) < 0)
        return -errno;
    fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

static int open_service(struct service *service, pid_t program, const char *path,
                        const struct range *range)
{
    int r;

    service->range = *range;
    service->serving.subscriptions = subscriptions_new();
    service->watches = watches_new();
    if (!service->serving.subscriptions || !service->watches)
        return -ENOMEM;
    r = duplicator_new(&service->duplicator);
    if (r >= 0)
        r = networks_new(path, program, &service->networks);
    return r;
}

static void close_service(struct service *service)
{
    dispatch_free_operations(service);
    subscriptions_free(service->serving.subscriptions);
    networks_free(service->networks);
    duplicator_free(service->duplicator);
    process_set_remove_all(&service->confined);
    watches_free(service->watches);
}

int tracer_new(pid_t program, const char *path, const struct range *range, struct tracer **ret)
{
    struct tracer *tracer = calloc(1, sizeof(*tracer));
    int r;

    if (!tracer)
        return -ENOMEM;
    tracer->program = program;
    tracer->trying = true;
    tracer->receives = receives_new();
    tracer->signals = open_signals();
    r = tracer->signals;
    if (r >= 0)
        r = tracer->receives ? 0 : -ENOMEM;
    if (r >= 0)
        r = open_service(&tracer->service, program, path, range);
    if (r >= 0)
        r = tracee_seize(program);
    if (r < 0) {
        tracer_free(tracer);
        return r;
    }
    *ret = tracer;
    return 0;
}

struct tracer *tracer_free(struct tracer *tracer)
{
    if (!tracer)
        return NULL;
    close_service(&tracer->service);
    receives_free(tracer->receives);
    process_set_remove_all(&tracer->heirs);
    if (tracer->signals >= 0)
        close(tracer->signals);
    free(tracer);
    return NULL;
}

void tracer_try(void)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK};

    /* The calls themselves: analyzers refuse bind() without a socket. */
    syscall(SYS_bind, -1, &address, sizeof(address));
    syscall(SYS_setsockopt, -1, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NULL, 0);
}

/* Lets a thread go on, to its next stop. */
static void go_on(struct tracer *tracer, pid_t tid, int number)
{
    bool steps = dispatch_has(&tracer->service, tid) || receives_has(tracer->receives, tid) ||
                 watches_has(tracer->service.watches, tid) || tracer->learning;

    /* If it is gone, another stop reports that. */
    tracee_resume(tid, steps ? PTRACE_SYSCALL : PTRACE_CONT, number);
}

/* A thread ended, or became another program. */
static void forget(struct tracer *tracer, pid_t tid)
{
    dispatch_forget(&tracer->service, tid);
    receives_forget(tracer->receives, tid);
    watches_remove(tracer->service.watches, tid);
    service_review(&tracer->service, tid);
}

static void on_end(struct tracer *tracer, pid_t tid)
{
    forget(tracer, tid);
    process_set_remove(&tracer->service.confined, tid);
    process_set_remove(&tracer->heirs, tid);
    if (tid == tracer->program)
        detached_leave_errors();
}

/* Two calls that the program made for us to see. */
static void on_trial(struct tracer *tracer, const struct user_regs_struct *registers)
{
    if (registers->orig_rax == SYS_bind) {
        tracer->sees_bind = true;
        tracer->learning = true;
    } else if (registers->orig_rax == SYS_setsockopt) {
        tracer->sees_join = true;
    }
}

/* After the trial of a bind: is this a stop at its entry, or one at its exit? */
static void learn_manners(struct tracer *tracer, pid_t tid)
{
    struct user_regs_struct registers;

    tracer->learning = false;
    /* Linux and gVisor both set the result so before the call has one. */
    if (tracee_get_registers(tid, &registers) >= 0)
        tracer->service.quirks.enters_after_seccomp = (int64_t)registers.rax == -ENOSYS;
}

static bool receives_by(const struct user_regs_struct *registers)
{
    switch (registers->orig_rax) {
    case SYS_recvmsg:
    case SYS_recvfrom:
    case SYS_recvmmsg:
    case SYS_read:
    case SYS_readv:
        return true;
    }
    return false;
}

/* A thread stands at the entry of a call that we may want to do something about. */
static void on_call(struct tracer *tracer, pid_t tid, const struct user_regs_struct *registers)
{
    struct service *service = &tracer->service;

    if (receives_by(registers))
        receives_begin(tracer->receives, service->serving.subscriptions, tid, registers,
                       &service->quirks);
    else
        dispatch_begin(service, tid, registers, service->quirks.enters_after_seccomp);
}

static void on_seccomp(struct tracer *tracer, pid_t tid)
{
    struct user_regs_struct registers;

    /* An injected call stops here like any other. */
    if (!dispatch_has(&tracer->service, tid) && tracee_get_registers(tid, &registers) >= 0) {
        if (tracer->trying)
            on_trial(tracer, &registers);
        else
            on_call(tracer, tid, &registers);
    }
    go_on(tracer, tid, 0);
}

/* The entry or the exit of a call in a thread that is watched. */
static void on_watched_call(struct tracer *tracer, pid_t tid)
{
    struct user_regs_struct registers;
    enum attempt_kind ignored;

    /* That is the result at the entry, before there is one. */
    if (tracee_get_registers(tid, &registers) < 0 || (int64_t)registers.rax != -ENOSYS)
        return;
    watches_count(tracer->service.watches, tid);
    if ((registers.orig_rax == SYS_bind && registers.rdx == sizeof(struct sockaddr_nl)) ||
        (registers.orig_rax == SYS_setsockopt && registers.rsi == SOL_NETLINK &&
         policy_option((int)registers.rdx, &ignored)))
        dispatch_begin(&tracer->service, tid, &registers, false);
}

/* The entry or the exit of a call. */
static void on_step(struct tracer *tracer, pid_t tid)
{
    if (tracer->learning)
        learn_manners(tracer, tid);
    else if (dispatch_has(&tracer->service, tid))
        dispatch_step(&tracer->service, tid);
    else if (receives_has(tracer->receives, tid))
        receives_step(tracer->receives, tracer->service.serving.subscriptions, tid);
    else if (watches_has(tracer->service.watches, tid))
        on_watched_call(tracer, tid);
    go_on(tracer, tid, 0);
}

/* Whether there is anything that a new process or thread may inherit. */
static bool has_inheritable(const struct service *service)
{
    return !subscriptions_is_empty(service->serving.subscriptions) ||
           service_has_confined(service) || service->operations ||
           !watches_is_empty(service->watches);
}

/* What a thread of one process has is also that of another one that it made. */
static void inherit(struct service *service, pid_t parent, pid_t child, pid_t thread)
{
    watches_inherit(service->watches, parent, child, thread);
    if (parent == child)
        return;
    subscriptions_inherit(service->serving.subscriptions, parent, child);
    if (service_is_confined(service, parent))
        service_confine(service, child);
}

/* It made another thread or process. */
static void on_new_thread(struct tracer *tracer, pid_t tid)
{
    unsigned long thread;

    if (tracee_get_message(tid, &thread) >= 0 &&
        process_set_add(&tracer->heirs, (pid_t)thread) != 0 && has_inheritable(&tracer->service))
        inherit(&tracer->service, process_of_thread(tid), process_of_thread((pid_t)thread),
                (pid_t)thread);
    go_on(tracer, tid, 0);
}

/* The order of the stops varies: a new thread may stop for the first time before its maker does.
 * Others stop in this way when they were interrupted, or are continued. */
static void on_first_stop(struct tracer *tracer, pid_t tid)
{
    pid_t process;

    if (process_set_add(&tracer->heirs, tid) == 0 || !has_inheritable(&tracer->service))
        return;
    process = process_of_thread(tid);
    inherit(&tracer->service, process == tid ? process_parent(tid) : process, process, tid);
}

/* All of its threads are gone but for the one that did it, which is the first one now. */
static void on_exec(struct tracer *tracer, pid_t tid)
{
    unsigned long before;

    if (tracee_get_message(tid, &before) >= 0 && (pid_t)before != tid) {
        forget(tracer, (pid_t)before);
        process_set_remove(&tracer->heirs, (pid_t)before);
    }
    forget(tracer, tid);
    if (tid == tracer->program && tracer->trying) {
        tracer->trying = false;
        tracer->service.misses_any = !tracer->sees_bind || !tracer->sees_join;
    }
    go_on(tracer, tid, 0);
}

/* A thread that was just made or was interrupted, or a process that a signal stops. */
static void on_stop(struct tracer *tracer, pid_t tid, int number)
{
    if (number == SIGTRAP) {
        watches_mend(tracer->service.watches, tid);
        on_first_stop(tracer, tid);
        go_on(tracer, tid, 0);
    } else {
        tracee_resume(tid, PTRACE_LISTEN, 0);
    }
}

static void on_status(struct tracer *tracer, pid_t tid, int status)
{
    int number = WSTOPSIG(status);

    if (!WIFSTOPPED(status)) {
        on_end(tracer, tid);
        return;
    }
    if (status >> 16 != PTRACE_EVENT_STOP)
        watches_interrupt_again(tracer->service.watches, tid);
    switch (status >> 16) {
    case 0:
        if (number == STOPPED_FOR_CALL)
            on_step(tracer, tid);
        else
            go_on(tracer, tid, number);
        return;
    case PTRACE_EVENT_SECCOMP:
        on_seccomp(tracer, tid);
        return;
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
        on_new_thread(tracer, tid);
        return;
    case PTRACE_EVENT_EXEC:
        on_exec(tracer, tid);
        return;
    case PTRACE_EVENT_EXIT:
        /* It was held, and ends now. */
        dispatch_forget(&tracer->service, tid);
        receives_forget(tracer->receives, tid);
        break;
    case PTRACE_EVENT_STOP:
        on_stop(tracer, tid, number);
        return;
    }
    go_on(tracer, tid, 0);
}

/* All that stopped or ended. 0 when there is nobody left. */
static int take_statuses(struct tracer *tracer)
{
    for (;;) {
        int status;
        pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);

        if (tid == 0)
            return 1;
        if (tid > 0)
            on_status(tracer, tid, status);
        else if (errno == ECHILD)
            return 0;
        else if (errno != EINTR)
            return -errno;
    }
}

/* Milliseconds until there is something to do, about the links or otherwise. */
static int timeout(const struct tracer *tracer, int due)
{
    int result = timeout_min(due, receives_timeout(tracer->receives));

    result = timeout_min(result, service_timeout(&tracer->service));
    return timeout_min(result, subscriptions_timeout(tracer->service.serving.subscriptions));
}

/* Waits until a thread stopped or ended, or there is something to do about the links. Most
 * often it is a stop, and others wait behind it: then nothing else is checked. */
static int wait_for_news(struct tracer *tracer)
{
    struct networks *networks = tracer->service.networks;
    int due = networks_timeout(networks);
    struct pollfd fds[] = {
        {.fd = tracer->signals, .events = POLLIN},
        {.fd = networks_fd(networks), .events = POLLIN},
    };
    struct signalfd_siginfo information;

    if (poll(fds, 2, timeout(tracer, due)) < 0)
        return errno == EINTR ? 0 : -errno;
    /* There is one at most: a signal that is pending is not queued again. */
    if (fds[0].revents && read(tracer->signals, &information, sizeof(information)) < 0 &&
        errno != EAGAIN)
        return -errno;
    /* One that is due comes even if threads never cease to stop. */
    if (fds[1].revents || !fds[0].revents || due == 0)
        networks_process(networks);
    receives_wake(tracer->receives);
    subscriptions_check(tracer->service.serving.subscriptions);
    service_review_all(&tracer->service);
    return 0;
}

int tracer_run(struct tracer *tracer)
{
    int r;

    while ((r = take_statuses(tracer)) > 0) {
        r = wait_for_news(tracer);
        if (r < 0)
            return r;
    }
    return r;
}
