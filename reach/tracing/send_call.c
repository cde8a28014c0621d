/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sendto(), sendmsg() and sendmmsg(): a denied request to groups is repeated as the policy rules.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "reach/tracing/operation.h"
#include "reach/tracing/service.h"
#include "reach/tracing/tracee.h"

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
    if (policy_is_denial(attempt.error) && !service_is_confined(service, operation->thread) &&
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
int send_call_begin(struct service *service, struct operation *operation)
{
    const struct injection *injection = &operation->injection;

    if (!injection->has_text && !service_is_confined(service, operation->thread) &&
        read_destination(injection, &operation->address))
        return operation_need_page(service, operation, send_with_page);
    return operation_run_original(operation, on_sent);
}
