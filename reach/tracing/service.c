/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/service.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "reach/process.h"
#include "reach/timeout.h"
#include "reach/tracing/fulfil.h"
#include "reach/tracing/tracee.h"

/* The least time between two reviews of all subscriptions, in milliseconds. */
#define REVIEW_TIME 1000

bool service_is_confined(const struct service *service, pid_t tid)
{
    if (confined_has(service->confined, tid))
        return true;
    for (const struct operation *o = service->operations; o; o = o->next)
        if (o->confines && process_of_thread(o->injection.tid) == process_of_thread(tid))
            return true;
    return false;
}

/* --- sockets are moved into the range when they are made */

/* Wherever it is, it is of the namespace that its thread is in now. */
static int end_socket(struct service *service, struct operation *operation)
{
    pid_t tid = operation->injection.tid;

    if (range_has(&service->range, (int)operation->fd))
        networks_remember(service->networks, tid, process_socket(tid, (int)operation->fd));
    return operation_end(operation, operation->fd);
}

static void watch(const struct service *service, const struct operation *operation)
{
    if (service->misses_any)
        watches_add(service->watches, operation->injection.tid, (int)operation->fd);
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
    if (service_is_confined(service, operation->injection.tid)) {
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

static int begin_socket(struct service *service, struct operation *operation)
{
    if (operation->injection.has_text || service_is_confined(service, operation->injection.tid))
        return operation_run_original(operation, on_socket_made);
    return operation_need_page(service, operation, make_socket);
}

/* --- requests to an address with groups, where they are denied */

/* Laid out as the program's kernel wants it, in the room of the page. */
struct plain_message {
    struct msghdr header;
    struct sockaddr_nl address;
};

/* The first of the headers of sendmmsg(), which may send them one by one, is that of sendmsg(). */
static bool read_header(const struct injection *injection, struct msghdr *ret)
{
    return tracee_read(injection->tid, injection->registers.rsi, ret, sizeof(*ret)) == sizeof(*ret);
}

/* The address that the call sends to; false if it names none. */
static bool read_destination(const struct injection *injection, struct sockaddr_nl *ret)
{
    const struct user_regs_struct *registers = &injection->registers;
    uint64_t place = registers->r8, size = registers->r9;
    struct msghdr header;

    if (registers->orig_rax != SYS_sendto) {
        if (!read_header(injection, &header))
            return false;
        place = (uint64_t)(uintptr_t)header.msg_name;
        size = header.msg_namelen;
    }
    return size >= sizeof(*ret) &&
           tracee_read(injection->tid, place, ret, sizeof(*ret)) == sizeof(*ret) &&
           ret->nl_family == AF_NETLINK && ret->nl_groups != 0;
}

/* sendmmsg() has sent the first: that many bytes, which the program finds in its header. */
static int64_t count_first(const struct injection *injection, int64_t sent)
{
    unsigned length = (unsigned)sent;

    if (sent < 0)
        return sent;
    tracee_write(injection->tid, injection->registers.rsi + offsetof(struct mmsghdr, msg_len),
                 &length, sizeof(length));
    return 1;
}

static int on_sent_plainly(struct service *service, struct operation *operation, int64_t sent)
{
    const struct injection *injection = &operation->injection;

    (void)service;
    if (injection->registers.orig_rax == SYS_sendmmsg)
        sent = count_first(injection, sent);
    return operation_end(operation, sent);
}

/* The program sends it itself. */
static int repeat_send(struct service *service, struct operation *operation, int error)
{
    const struct injection *injection = &operation->injection;
    const struct user_regs_struct *registers = &injection->registers;
    uint64_t address = injection->room + offsetof(struct plain_message, address);
    uint64_t flags = registers->orig_rax == SYS_sendmmsg ? registers->r10 : registers->rdx;
    const uint64_t to_address[6] = {registers->rdi, registers->rsi, registers->rdx,
                                    registers->r10, address,        sizeof(operation->address)};
    const uint64_t by_header[6] = {registers->rdi, injection->room, flags};
    bool has_header = registers->orig_rax != SYS_sendto;
    struct plain_message message = {.address = operation->address};
    int r = error;

    (void)service;
    if (r >= 0 && has_header && !read_header(injection, &message.header))
        r = -EFAULT;
    message.address.nl_groups = operation->ruling.groups;
    message.header.msg_name = (void *)(uintptr_t)address;
    message.header.msg_namelen = sizeof(message.address);
    if (r >= 0)
        r = injection_write(injection, &message, sizeof(message));
    if (r == -ESRCH)
        return r;
    if (r < 0)
        return operation_end(operation, operation->result);
    return operation_run(operation, has_header ? SYS_sendmsg : SYS_sendto,
                         has_header ? by_header : to_address, on_sent_plainly);
}

static int on_sent(struct service *service, struct operation *operation, int64_t sent)
{
    struct attempt attempt = {.kind = ATTEMPT_SEND, .error = (int)-sent};

    operation->result = sent;
    if (policy_is_denial(attempt.error) &&
        !service_is_confined(service, operation->injection.tid) &&
        read_destination(&operation->injection, &operation->address)) {
        attempt.value = operation->address.nl_groups;
        operation->ruling = serving_rule(&service->serving, operation->inode, &attempt);
    }
    if (operation->ruling.repeats)
        return operation_need_page(service, operation, repeat_send);
    return operation_end(operation, sent);
}

static int send_with_page(struct service *service, struct operation *operation, int error)
{
    (void)service;
    return error == -ESRCH ? error : operation_run_original(operation, on_sent);
}

/* Where there can't be a page later, there is one before. */
static int begin_send(struct service *service, struct operation *operation)
{
    const struct injection *injection = &operation->injection;

    if (!injection->has_text && !service_is_confined(service, injection->tid) &&
        read_destination(injection, &operation->address))
        return operation_need_page(service, operation, send_with_page);
    return operation_run_original(operation, on_sent);
}

/* --- closing */

/* Letting go at once keeps the number of the port free for the next socket. */
static int on_closed(struct service *service, struct operation *operation, int64_t result)
{
    if (subscriptions_review_one(service->serving.subscriptions, operation->inode))
        networks_review(service->networks);
    return operation_end(operation, result);
}

static int begin_close(struct service *service, struct operation *operation)
{
    (void)service;
    return operation_run_original(operation, on_closed);
}

/* --- filters of the program's own */

/* All threads of the process get it, wherever they are. */
static bool is_for_all(const struct injection *injection)
{
    const struct user_regs_struct *registers = &injection->registers;

    return registers->orig_rax == SYS_seccomp && (registers->rsi & SECCOMP_FILTER_FLAG_TSYNC);
}

/* Another thread of the process is in a call of ours, or is going to be. */
static bool others_are_injected(const struct service *service, const struct operation *operation)
{
    pid_t process = process_of_thread(operation->injection.tid);

    for (const struct operation *other = service->operations; other; other = other->next)
        if (other != operation && other->injection.injected && !other->confines &&
            process_of_thread(other->injection.tid) == process)
            return true;
    return false;
}

/* A listener's descriptor is a success, too; so counts the thread that couldn't follow. */
static int on_filter_installed(struct service *service, struct operation *operation, int64_t result)
{
    if (result >= 0) {
        confined_add(service->confined, process_of_thread(operation->injection.tid));
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

static int begin_filter(struct service *service, struct operation *operation)
{
    operation->confines = is_for_all(&operation->injection);
    if (!operation->confines || !others_are_injected(service, operation))
        return operation_run_original(operation, on_filter_installed);
    if (operation->injection.has_text)
        return install_in_turn(service, operation, 0);
    return operation_need_page(service, operation, wait_for_turn);
}

/* --- which of them it is */

typedef int operation_beginning(struct service *service, struct operation *operation);

static bool is_subscribed(const struct service *service, uint64_t inode)
{
    return inode != 0 && subscriptions_find(service->serving.subscriptions, inode);
}

/* What is to be done about a call on a socket; NULL if nothing is. */
static operation_beginning *choose_for_socket(const struct service *service, pid_t tid,
                                              const struct user_regs_struct *registers,
                                              uint64_t *ret_inode)
{
    bool idle = subscriptions_is_empty(service->serving.subscriptions);
    int fd = (int)registers->rdi;

    switch (registers->orig_rax) {
    case SYS_bind:
    case SYS_setsockopt:
        /* Who was confined before could not have its sockets moved. */
        if (!range_has(&service->range, fd) && confined_is_empty(service->confined))
            return NULL;
        *ret_inode = process_socket(tid, fd);
        return *ret_inode != 0 ? fulfil_begin : NULL;
    case SYS_sendto:
        if (registers->r9 == 0)
            return NULL;
        /* fall through */
    case SYS_sendmsg:
    case SYS_sendmmsg:
    case SYS_close:
        *ret_inode = idle ? 0 : process_socket(tid, fd);
        if (!is_subscribed(service, *ret_inode))
            return NULL;
        return registers->orig_rax == SYS_close ? begin_close : begin_send;
    }
    return NULL;
}

static operation_beginning *choose(const struct service *service, pid_t tid,
                                   const struct user_regs_struct *registers, uint64_t *ret_inode)
{
    switch (registers->orig_rax) {
    case SYS_seccomp:
    case SYS_prctl:
        return begin_filter;
    case SYS_socket:
        return service_is_confined(service, tid) && !service->misses_any ? NULL : begin_socket;
    }
    return choose_for_socket(service, tid, registers, ret_inode);
}

/* A socket of the range gets another number, too. */
static bool copies(const struct service *service, const struct user_regs_struct *registers)
{
    switch (registers->orig_rax) {
    case SYS_fcntl:
        if (registers->rsi != F_DUPFD && registers->rsi != F_DUPFD_CLOEXEC)
            return false;
        /* fall through */
    case SYS_dup:
    case SYS_dup2:
    case SYS_dup3:
        return range_has(&service->range, (int)registers->rdi);
    }
    return false;
}

/* What a call on a socket means for how long its process is watched. */
static void follow_watch(struct service *service, pid_t tid,
                         const struct user_regs_struct *registers)
{
    int fd = (int)registers->rdi;

    switch (registers->orig_rax) {
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
        watches_sends(service->watches, tid, fd);
        break;
    case SYS_close:
        watches_closes(service->watches, tid, fd);
        break;
    }
}

bool service_begin(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                   bool enters)
{
    struct operation *operation;
    operation_beginning *begin;
    uint64_t inode = 0;

    if (copies(service, registers)) {
        subscriptions_copied(service->serving.subscriptions);
        watches_copies(service->watches, tid);
    }
    follow_watch(service, tid, registers);
    begin = choose(service, tid, registers, &inode);
    if (!begin || tracee_hold(tid, registers) < 0)
        return false;
    if (operation_new(tid, registers, &service->quirks, enters, &operation) < 0) {
        tracee_release(tid);
        return false;
    }
    operation->inode = inode;
    operation->fd = (int)registers->rdi;
    if (begin(service, operation) < 0) {
        operation_free(operation);
        tracee_release(tid);
        return false;
    }
    operation->next = service->operations;
    service->operations = operation;
    return true;
}

static struct operation **find(struct service *service, pid_t tid)
{
    struct operation **place = &service->operations;

    while (*place && (*place)->injection.tid != tid)
        place = &(*place)->next;
    return place;
}

bool service_has(const struct service *service, pid_t tid)
{
    for (const struct operation *o = service->operations; o; o = o->next)
        if (o->injection.tid == tid)
            return true;
    return false;
}

void service_review(struct service *service, pid_t process)
{
    service->review_pends = true;
    if (subscriptions_review_process(service->serving.subscriptions, process))
        networks_review(service->networks);
}

int service_timeout(const struct service *service)
{
    return service->review_pends ? timeout_until(service->reviewed + REVIEW_TIME) : -1;
}

void service_review_all(struct service *service)
{
    if (service_timeout(service) != 0)
        return;
    service->review_pends = false;
    service->reviewed = timeout_clock();
    subscriptions_review(service->serving.subscriptions);
    networks_review(service->networks);
}

void service_forget(struct service *service, pid_t tid)
{
    struct operation **place = find(service, tid), *operation = *place;

    if (operation) {
        *place = operation->next;
        duplicator_drop(service->duplicator, operation);
        operation_free(operation);
    }
}

void service_step(struct service *service, pid_t tid)
{
    struct operation *operation = *find(service, tid);
    int r;

    if (!operation)
        return;
    r = operation_advance(service, operation);
    /* It is to have its own registers back, whatever went wrong. */
    if (r < 0 && r != -ESRCH && !operation->over)
        injection_end(&operation->injection, operation->result);
    if (r < 0 || operation->over) {
        service_forget(service, tid);
        tracee_release(tid);
    }
}

void service_free_operations(struct service *service)
{
    while (service->operations)
        service_forget(service, service->operations->injection.tid);
}
