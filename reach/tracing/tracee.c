/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

/* A fork, a new thread and what it starts with are followed; if we die, they do. */
#define OPTIONS                                                                                 \
    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

int tracee_seize(pid_t pid)
{
    return ptrace(PTRACE_SEIZE, pid, NULL, OPTIONS) < 0 ? -errno : 0;
}

int tracee_hold(pid_t tid, const struct user_regs_struct *registers)
{
    struct user_regs_struct now = {0};
    int r;

    if (ptrace(PTRACE_SETOPTIONS, tid, NULL, OPTIONS | PTRACE_O_TRACEEXIT) < 0)
        return -errno;
    r = tracee_get_registers(tid, &now);
    if (r < 0)
        return r;
    if (now.rip == registers->rip && now.rsp == registers->rsp &&
        now.orig_rax == registers->orig_rax)
        return 0;
    tracee_release(tid);
    return -ESRCH;
}

void tracee_release(pid_t tid)
{
    /* If it is gone, so is that. */
    (void)ptrace(PTRACE_SETOPTIONS, tid, NULL, OPTIONS);
}

int tracee_get_registers(pid_t tid, struct user_regs_struct *ret)
{
    struct user_regs_struct registers;

    if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) < 0)
        return -errno;
    *ret = registers;
    return 0;
}

int tracee_set_registers(pid_t tid, const struct user_regs_struct *registers)
{
    return ptrace(PTRACE_SETREGS, tid, NULL, registers) < 0 ? -errno : 0;
}

/* What ptrace() takes for a request. */
#ifdef __GLIBC__
typedef enum __ptrace_request ptrace_request;
#else
typedef int ptrace_request;
#endif

int tracee_resume(pid_t tid, int request, int number)
{
    return ptrace((ptrace_request)request, tid, NULL, (long)number) < 0 ? -errno : 0;
}

int tracee_interrupt(pid_t tid)
{
    return ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0 ? -errno : 0;
}

int tracee_get_message(pid_t tid, unsigned long *ret)
{
    unsigned long message;

    if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message) < 0)
        return -errno;
    *ret = message;
    return 0;
}

int tracee_get_blocked(pid_t tid, uint64_t *ret)
{
    uint64_t blocked;

    if (ptrace(PTRACE_GETSIGMASK, tid, sizeof(blocked), &blocked) < 0)
        return -errno;
    *ret = blocked;
    return 0;
}

int tracee_set_blocked(pid_t tid, uint64_t blocked)
{
    return ptrace(PTRACE_SETSIGMASK, tid, sizeof(blocked), &blocked) < 0 ? -errno : 0;
}

static ssize_t read_through_proc(pid_t tid, uint64_t address, void *buffer, size_t size)
{
    char path[64];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/mem", (int)tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    n = pread(fd, buffer, size, (off_t)address);
    if (n < 0)
        n = -errno;
    close(fd);
    return n;
}

ssize_t tracee_read(pid_t tid, uint64_t address, void *buffer, size_t size)
{
    struct iovec ours = {.iov_base = buffer, .iov_len = size};
    struct iovec theirs = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    ssize_t n = process_vm_readv(tid, &ours, 1, &theirs, 1, 0);

    if (n >= 0)
        return n;
    /* gVisor of 2022 has no such call. */
    return read_through_proc(tid, address, buffer, size);
}

int tracee_poke(pid_t tid, uint64_t address, const void *data, size_t size)
{
    for (size_t done = 0; done < size; done += sizeof(long)) {
        size_t part = size - done < sizeof(long) ? size - done : sizeof(long);
        long word = 0;

        /* What isn't ours in the last word stays. */
        if (part < sizeof(long)) {
            errno = 0;
            word = ptrace(PTRACE_PEEKDATA, tid, address + done, NULL);
            if (errno != 0)
                return -errno;
        }
        memcpy(&word, (const char *)data + done, part);
        if (ptrace(PTRACE_POKEDATA, tid, address + done, word) < 0)
            return -errno;
    }
    return 0;
}

int tracee_write(pid_t tid, uint64_t address, const void *data, size_t size)
{
    struct iovec ours = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct iovec theirs = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    ssize_t n = process_vm_writev(tid, &ours, 1, &theirs, 1, 0);

    if (n < 0)
        /* gVisor of 2022 has no such call, and some filters forbid it. */
        return errno == EFAULT ? -errno : tracee_poke(tid, address, data, size);
    return n == (ssize_t)size ? 0 : -EFAULT;
}
