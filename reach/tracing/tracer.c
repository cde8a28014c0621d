/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/tracer.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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
#include "reach/tracing/operation.h"
#include "reach/tracing/receive.h"
#include "reach/tracing/tracee.h"
#include "reach/tracing/watch.h"

#define STOPPED_FOR_CALL (SIGTRAP | 0x80)

struct tracer {
    const char *path; /* of the daemon's socket */
    pid_t program;
    bool probing;       /* it isn't yet what it is to be */
    bool probing_entry; /* what follows its bind */
    bool sees_bind;     /* found out by probing */
    bool sees_join;
    int signals; /* a signalfd for SIGCHLD */
    struct service service;
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

/* Nothing is under way in the thread any more: it ended, or became another program. */
static void forget(struct service *service, struct thread *thread)
{
    dispatch_forget(service, thread);
    receive_forget(service, thread);
    watch_leave(thread);
    thread->interrupted = false;
}

static void forget_and_remove(struct service *service, struct thread *thread)
{
    forget(service, thread);
    threads_remove(&service->threads, thread);
}

/* Lets a thread go on, to its next stop. */
static void go_on(const struct tracer *tracer, const struct thread *thread, int number)
{
    bool steps = thread->operation || thread->receive || thread->watch || tracer->probing_entry;

    /* If it is gone, another stop reports that. */
    tracee_resume(thread->tid, steps ? PTRACE_SYSCALL : PTRACE_CONT, number);
}

static void on_end(struct tracer *tracer, pid_t tid)
{
    struct service *service = &tracer->service;
    struct thread *thread = threads_find(&service->threads, tid);

    if (thread)
        forget_and_remove(service, thread);
    service_review(service, tid);
    process_set_remove(&service->confined, tid);
    if (tid == tracer->program)
        detached_leave_errors();
}

/* Two calls that the program made for us to see. */
static void on_probe(struct tracer *tracer, const struct user_regs_struct *registers)
{
    if (registers->orig_rax == SYS_bind) {
        tracer->sees_bind = true;
        tracer->probing_entry = true;
    } else if (registers->orig_rax == SYS_setsockopt) {
        tracer->sees_join = true;
    }
}

/* After the probe of a bind: is this a stop at its entry, or one at its exit? */
static void probe_entry_stop(struct tracer *tracer, pid_t tid)
{
    struct user_regs_struct registers;

    tracer->probing_entry = false;
    /* Linux and gVisor both set the result so before the call has one. */
    if (tracee_get_registers(tid, &registers) >= 0)
        tracer->service.quirks.enters_after_seccomp = (int64_t)registers.rax == -ENOSYS;
}

/* A thread stands at the entry of a call that we may want to do something about. */
static void on_call(struct service *service, struct thread *thread,
                    const struct user_regs_struct *registers)
{
    if (receive_is_by(registers))
        receive_begin(service, thread, registers);
    else
        dispatch_begin(service, thread, registers, service->quirks.enters_after_seccomp);
}

static void on_seccomp(struct tracer *tracer, struct thread *thread)
{
    struct user_regs_struct registers;

    /* An injected call stops here like any other. */
    if (thread->operation || tracee_get_registers(thread->tid, &registers) < 0)
        return;
    if (tracer->probing)
        on_probe(tracer, &registers);
    else
        on_call(&tracer->service, thread, &registers);
}

/* The entry or the exit of a call in a thread that is watched. */
static void on_watched_call(struct service *service, struct thread *thread)
{
    struct user_regs_struct registers;
    enum attempt_kind ignored;

    /* That is the result at the entry, before there is one. */
    if (tracee_get_registers(thread->tid, &registers) < 0 || (int64_t)registers.rax != -ENOSYS)
        return;
    watch_count(thread);
    if ((registers.orig_rax == SYS_bind && registers.rdx == sizeof(struct sockaddr_nl)) ||
        (registers.orig_rax == SYS_setsockopt && registers.rsi == SOL_NETLINK &&
         policy_option((int)registers.rdx, &ignored)))
        dispatch_begin(service, thread, &registers, false);
}

/* The entry or the exit of a call. */
static void on_step(struct tracer *tracer, struct thread *thread)
{
    if (tracer->probing_entry)
        probe_entry_stop(tracer, thread->tid);
    else if (thread->operation)
        dispatch_step(&tracer->service, thread);
    else if (thread->receive)
        receive_step(&tracer->service, thread);
    else if (thread->watch)
        on_watched_call(&tracer->service, thread);
}

/* A new thread has what its maker has. */
static void inherit(struct service *service, struct thread *maker, struct thread *thread)
{
    pid_t parent = thread_process(maker), child = thread_process(thread);

    watch_inherit(maker, thread);
    if (parent == child)
        return;
    subscriptions_inherit(&service->serving.subscriptions, parent, child);
    if (service_is_confined(service, maker))
        service_confine(service, child);
}

/* Whether there is anything that it may inherit. */
static bool has_inheritable(const struct service *service)
{
    return !subscriptions_is_empty(&service->serving.subscriptions) ||
           service_has_confined(service) || service->confining > 0 || service->misses_any;
}

/* It made another thread or process. */
static void on_new_thread(struct service *service, struct thread *maker)
{
    struct thread *thread;
    unsigned long tid;

    if (tracee_get_message(maker->tid, &tid) < 0)
        return;
    thread = threads_get(&service->threads, (pid_t)tid);
    if (!thread || thread->is_heir)
        return;
    thread->is_heir = true;
    if (has_inheritable(service))
        inherit(service, maker, thread);
}

/* One that may have made this thread: another one of its process, or one of its parent's. NULL if
 * that is not traced. */
static struct thread *find_maker(struct service *service, struct thread *thread)
{
    pid_t process = thread_process(thread);
    pid_t makers = process == thread->tid ? process_parent(process) : process;
    struct thread *maker = threads_find(&service->threads, makers);

    if (maker)
        return maker;
    /* The first thread of a process may have ended. */
    RB_FOREACH (maker, threads, &service->threads) {
        if (maker != thread && thread_process(maker) == makers)
            return maker;
    }
    return NULL;
}

/* A new thread may stop for the first time before its maker does. Others stop in this way when they
 * were interrupted, or are continued. */
static void on_first_stop(struct service *service, struct thread *thread)
{
    struct thread *maker;

    if (thread->is_heir)
        return;
    thread->is_heir = true;
    maker = has_inheritable(service) ? find_maker(service, thread) : NULL;
    if (maker)
        inherit(service, maker, thread);
}

/* All of its threads are gone but for the one that did it, which is the first one now. */
static void on_exec(struct tracer *tracer, struct thread *thread)
{
    struct service *service = &tracer->service;
    struct thread *before = NULL;
    unsigned long tid;

    if (tracee_get_message(thread->tid, &tid) >= 0 && (pid_t)tid != thread->tid)
        before = threads_find(&service->threads, (pid_t)tid);
    if (before)
        forget_and_remove(service, before);
    forget(service, thread);
    thread->is_heir = true;
    service_review(service, thread->tid);
    if (thread->tid == tracer->program && tracer->probing) {
        tracer->probing = false;
        service->misses_any = !tracer->sees_bind || !tracer->sees_join;
    }
}

static void on_event(struct tracer *tracer, struct thread *thread, int event)
{
    switch (event) {
    case PTRACE_EVENT_SECCOMP:
        on_seccomp(tracer, thread);
        return;
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
        on_new_thread(&tracer->service, thread);
        return;
    case PTRACE_EVENT_EXEC:
        on_exec(tracer, thread);
        return;
    case PTRACE_EVENT_EXIT:
        /* It was held, and ends now. */
        dispatch_forget(&tracer->service, thread);
        receive_forget(&tracer->service, thread);
        return;
    case PTRACE_EVENT_STOP:
        /* It was just made, was interrupted, or is continued. */
        watch_mend(thread);
        on_first_stop(&tracer->service, thread);
        return;
    }
}

static void on_stop(struct tracer *tracer, struct thread *thread, int event, int number)
{
    if (event != PTRACE_EVENT_STOP)
        watch_interrupt_again(thread);
    if (event == PTRACE_EVENT_STOP && number != SIGTRAP) {
        /* A signal stops its process. */
        tracee_resume(thread->tid, PTRACE_LISTEN, 0);
        return;
    }
    if (event != 0)
        on_event(tracer, thread, event);
    else if (number == STOPPED_FOR_CALL)
        on_step(tracer, thread);
    go_on(tracer, thread, event == 0 && number != STOPPED_FOR_CALL ? number : 0);
}

static void on_status(struct tracer *tracer, pid_t tid, int status)
{
    struct thread *thread;

    if (!WIFSTOPPED(status)) {
        on_end(tracer, tid);
        return;
    }
    thread = threads_get(&tracer->service.threads, tid);
    if (thread)
        on_stop(tracer, thread, status >> 16, WSTOPSIG(status));
    else
        /* Without memory it is not served. */
        tracee_resume(tid, PTRACE_CONT, 0);
}

/* All that stopped or ended. 0 when no thread is left. */
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
    int result = timeout_min(due, receive_timeout(&tracer->service));

    result = timeout_min(result, service_timeout(&tracer->service));
    return timeout_min(result, subscriptions_timeout(&tracer->service.serving.subscriptions));
}

/* Waits until a thread stopped or ended, or there is something to do about the links. Most
 * often it is a stop, and others wait behind it: then nothing else is checked. */
static int wait_for_events(struct tracer *tracer)
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
    receive_wake(&tracer->service);
    subscriptions_check(&tracer->service.serving.subscriptions);
    service_review_all(&tracer->service);
    return 0;
}

static int begin(pid_t program, void *user)
{
    struct tracer *tracer = user;
    struct service *service = &tracer->service;
    int r;

    tracer->program = program;
    tracer->probing = true;
    tracer->signals = open_signals();
    if (tracer->signals < 0)
        return tracer->signals;
    subscriptions_begin(&service->serving.subscriptions);
    duplicator_begin(&service->duplicator);
    r = networks_new(tracer->path, program, &service->networks);
    return r < 0 ? r : tracee_seize(program);
}

/* Returns when the last process has ended. */
static int run(void *user)
{
    struct tracer *tracer = user;
    int r;

    while ((r = take_statuses(tracer)) > 0) {
        r = wait_for_events(tracer);
        if (r < 0)
            return r;
    }
    return r;
}

/* Two calls that fail, under the filter and before the program is executed: they show which calls
 * the tracer sees. */
static void probe_calls(void)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK};

    /* The calls themselves: analyzers refuse bind() without a socket. */
    syscall(SYS_bind, -1, &address, sizeof(address));
    syscall(SYS_setsockopt, -1, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NULL, 0);
}

int start_tracer(const char *path)
{
    struct tracer tracer = {.path = path};
    struct range *range = &tracer.service.range;
    int r = range_choose(range);

    if (r < 0)
        return r;
    /* Where only a parent may trace, we let it; that ends when the program is executed, and
     * where there is no such rule it fails. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    r = detach(begin, run, &tracer);
    prctl(PR_SET_PTRACER, 0, 0, 0, 0);
    if (r >= 0)
        r = filter_install(range);
    if (r >= 0)
        probe_calls();
    return r;
}
