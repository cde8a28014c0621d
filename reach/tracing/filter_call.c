/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* seccomp() and prctl(): the program installs a filter of its own. */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "reach/tracing/operation.h"
#include "reach/tracing/service.h"

/* All threads of the process get it, wherever they are. */
static bool is_for_all(const struct injection *injection)
{
    const struct user_regs_struct *registers = &injection->registers;

    return registers->orig_rax == SYS_seccomp && (registers->rsi & SECCOMP_FILTER_FLAG_TSYNC);
}

/* Another thread of the process is in a call of ours, or is going to be. */
static bool others_are_injected(struct service *service, const struct operation *operation)
{
    pid_t process = thread_process(operation->thread);
    struct thread *thread;

    RB_FOREACH (thread, threads, &service->threads) {
        const struct operation *other = thread->operation;

        if (other && other != operation && other->injection.injected && !other->confines &&
            thread_process(thread) == process)
            return true;
    }
    return false;
}

/* A listener's descriptor is a success, too; so counts the thread that couldn't follow. */
static int on_filter_installed(struct service *service, struct operation *operation, int64_t result)
{
    if (result >= 0) {
        service_confine(service, thread_process(operation->thread));
        /* What unmaps it may be forbidden now. */
        operation->injection.page = 0;
    }
    return operation_end(operation, result);
}

/* Waits in a call that does nothing, rather than at its stop: there, the process could not be
 * stopped as a whole, nor the other thread be continued after that. Another one that came first
 * may have a filter which kills for all but the call that this one makes itself. */
static int install_in_turn(struct service *service, struct operation *operation, int64_t ignored)
{
    static const uint64_t nothing[6] = {UINT32_MAX};

    (void)ignored;
    if (others_are_injected(service, operation))
        return operation_run(operation, SYS_seccomp, nothing, install_in_turn);
    return operation_run_original(operation, on_filter_installed);
}

static int wait_for_turn(struct service *service, struct operation *operation, int error)
{
    if (error == -ESRCH)
        return error;
    return error < 0 ? operation_run_original(operation, on_filter_installed)
                     : install_in_turn(service, operation, 0);
}

int filter_call_begin(struct service *service, struct operation *operation)
{
    operation->confines = is_for_all(&operation->injection);
    service->confining += operation->confines;
    if (!operation->confines || !others_are_injected(service, operation))
        return operation_run_original(operation, on_filter_installed);
    if (operation->injection.has_text)
        return install_in_turn(service, operation, 0);
    return operation_need_page(service, operation, wait_for_turn);
}
