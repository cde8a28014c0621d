/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls that a traced thread executes around one of its own, while it is stopped in it:
 * first its own, then the injected ones, one after the other. Nothing blocks here: a call is begun,
 * the thread is resumed until the next entry or exit of a system call (PTRACE_SYSCALL), and its
 * stops are passed to injection_step().
 *
 * On Linux, calls are injected at the thread's own system call instruction. gVisor may have
 * rewritten that (systrap); there, a page that is mapped before the thread's own call contains an
 * instruction for this. At the end, the registers are those that the thread's own call would have
 * left. */
#ifndef REACH_TRACING_INJECTION_H
#define REACH_TRACING_INJECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/* How the kernel goes on after a stop for seccomp, found out by a probe. */
struct quirks {
    bool enters_after_seccomp; /* PTRACE_SYSCALL stops at the entry then: gVisor */
};

struct injection {
    pid_t tid;
    bool has_text;                     /* the thread's own instruction can be used */
    bool enters;                       /* a stop at the entry comes yet */
    bool entered;                      /* the thread's own entry was used up */
    bool injected;                     /* its registers are not its own */
    bool holds_signals;                /* its signals wait */
    struct user_regs_struct registers; /* at the entry */
    struct user_regs_struct running;   /* with which the call under way was begun */
    uint64_t blocked;
    uint64_t page; /* 0 for none */
    uint64_t room; /* the part of the page for arguments, ROOM_SIZE bytes */
};

#define INJECTION_ROOM_SIZE 1024

/* The thread stands at the entry of a call, for seccomp or not; with enters, a stop at that
 * entry comes yet. */
void injection_begin(struct injection *injection, pid_t tid,
                     const struct user_regs_struct *registers, const struct quirks *quirks,
                     bool enters);

/* Each of these begins a call; -ESRCH: the thread is gone. The first injected one makes
 * signals wait for the end. */
int injection_run_original(struct injection *injection);
int injection_run(struct injection *injection, long number, const uint64_t arguments[6]);
/* -ENOMEM: there can't be a page any more. */
int injection_map_page(struct injection *injection);
int injection_unmap_page(struct injection *injection);

/* The thread stopped at an entry or an exit. 1 if the call is over, whose result is in *ret. */
int injection_step(struct injection *injection, int64_t *ret);
/* A stop that came in its midst ended a call with that result, and the kernel runs it again. */
bool injection_is_interrupted(int64_t result);
/* The call that mapped the page is over. -errno: it failed. */
int injection_take_page(struct injection *injection, int64_t result);

/* Writes into the room. */
int injection_write(const struct injection *injection, const void *data, size_t size);

/* No call is under way: the thread's own one ends with that result. */
int injection_end(const struct injection *injection, int64_t result);

#endif
