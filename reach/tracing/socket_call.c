/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* socket(): the new socket is moved into the range. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "reach/process.h"
#include "reach/tracing/operation.h"
#include "reach/tracing/service.h"
#include "reach/tracing/watch.h"

/* Wherever it is, it is of the namespace that its thread is in now. */
static int end_socket(struct service *service, struct operation *operation)
{
    pid_t tid = operation->injection.tid;

    if (range_has(&service->range, (int)operation->fd))
        networks_remember(service->networks, tid, process_socket(tid, (int)operation->fd));
    return operation_end(operation, operation->fd);
}

static void watch(struct service *service, const struct operation *operation)
{
    if (service->misses_any)
        watch_begin(&service->threads, operation->thread, (int)operation->fd);
}

static int on_socket_moved(struct service *service, struct operation *operation, int64_t ignored)
{
    (void)ignored;
    if (range_has(&service->range, (int)operation->fd))
        watch(service, operation);
    return end_socket(service, operation);
}

static int on_socket_copied(struct service *service, struct operation *operation, int64_t copy);

/* To the first free number from that on. */
static int copy_socket(struct operation *operation, int first)
{
    bool closes = operation->injection.registers.rsi & SOCK_CLOEXEC;
    const uint64_t arguments[6] = {(uint64_t)operation->fd,
                                   (uint64_t)(closes ? F_DUPFD_CLOEXEC : F_DUPFD), (uint64_t)first};

    return operation_run(operation, SYS_fcntl, arguments, on_socket_copied);
}

static int on_copy_closed(struct service *service, struct operation *operation, int64_t result)
{
    int r = copy_socket(operation, service->range.far);

    (void)result;
    return r == -ENOMEM ? end_socket(service, operation) : r;
}

static int on_socket_copied(struct service *service, struct operation *operation, int64_t copy)
{
    uint64_t arguments[6] = {(uint64_t)copy};

    if (copy < 0)
        return end_socket(service, operation);
    /* All numbers that are low enough for select(2) are taken. */
    if (!range_has(&service->range, (int)copy) && copy < service->range.far)
        return operation_run(operation, SYS_close, arguments, on_copy_closed);
    /* If all of the range is taken, it stays where it was. */
    if (range_has(&service->range, (int)copy)) {
        arguments[0] = (uint64_t)operation->fd;
        operation->fd = copy;
    }
    return operation_run(operation, SYS_close, arguments, on_socket_moved);
}

static int on_socket_made(struct service *service, struct operation *operation, int64_t fd)
{
    int r;

    operation->fd = fd;
    if (fd < 0)
        return operation_end(operation, fd);
    /* It stays where it is; that it can't be served is a warning when it subscribes. */
    if (service_is_confined(service, operation->thread)) {
        watch(service, operation);
        return operation_end(operation, fd);
    }
    r = copy_socket(operation, service->range.first);
    return r == -ENOMEM ? end_socket(service, operation) : r;
}

static int make_socket(struct service *service, struct operation *operation, int error)
{
    (void)service;
    return error == -ESRCH ? error : operation_run_original(operation, on_socket_made);
}

int socket_call_begin(struct service *service, struct operation *operation)
{
    if (operation->injection.has_text || service_is_confined(service, operation->thread))
        return operation_run_original(operation, on_socket_made);
    return operation_need_page(service, operation, make_socket);
}
