/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/operation.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reach/tracing/thread.h"

struct operation *operation_new(struct thread *thread, const struct user_regs_struct *registers,
                                const struct quirks *quirks, bool enters)
{
    struct operation *operation = calloc(1, sizeof(*operation));

    if (!operation)
        return NULL;
    injection_begin(&operation->injection, thread->tid, registers, quirks, enters);
    operation->thread = thread;
    operation->duplicate = -1;
    operation->destination = -1;
    return operation;
}

struct operation *operation_free(struct operation *operation)
{
    if (!operation)
        return NULL;
    if (operation->duplicate >= 0)
        close(operation->duplicate);
    free(operation);
    return NULL;
}

int operation_run_original(struct operation *operation, operation_step *then)
{
    operation->then = then;
    return injection_run_original(&operation->injection);
}

int operation_run(struct operation *operation, long number, const uint64_t arguments[6],
                  operation_step *then)
{
    operation->then = then;
    return injection_run(&operation->injection, number, arguments);
}

static int on_page(struct service *service, struct operation *operation, int64_t result)
{
    int r = injection_take_page(&operation->injection, result);

    return r == -ESRCH ? r : operation->page_is_there(service, operation, r);
}

int operation_need_page(struct service *service, struct operation *operation, operation_done *then)
{
    int r;

    if (operation->injection.page)
        return then(service, operation, 0);
    operation->then = on_page;
    operation->page_is_there = then;
    r = injection_map_page(&operation->injection);
    return r == -ENOMEM ? then(service, operation, r) : r;
}

static int finish(struct operation *operation)
{
    operation->over = true;
    return injection_end(&operation->injection, operation->result);
}

static int on_unmapped(struct service *service, struct operation *operation, int64_t result)
{
    (void)service;
    (void)result;
    return finish(operation);
}

int operation_end(struct operation *operation, int64_t result)
{
    operation->result = result;
    if (!operation->injection.page)
        return finish(operation);
    operation->then = on_unmapped;
    return injection_unmap_page(&operation->injection);
}

int operation_advance(struct service *service, struct operation *operation)
{
    int64_t result;
    int r = injection_step(&operation->injection, &result);

    return r > 0 ? operation->then(service, operation, result) : r;
}
