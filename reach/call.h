/* A system call of the program's that we run ourselves, while it stands at its entry, and
 * calls of our own that we let the program run around it.
 *
 * With a page, all of them run from a page of memory that is ours, in the program: its own
 * text can't be trusted to hold a system call (gVisor's systrap rewrites it) and its stack
 * may be full. The program's registers are, in the end, those that its own call leaves. */
#ifndef REACH_CALL_H
#define REACH_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/* How the kernel goes on after a stop for seccomp, found out by a trial. */
struct manners {
    bool enters_after_seccomp; /* PTRACE_SYSCALL stops at the entry then: gVisor */
};

struct call {
    pid_t tid;
    bool enters;                       /* a stop at the entry comes yet */
    bool entered;                      /* the entry was used up for the page */
    bool stopped;                      /* the process was to stop while we were at it */
    struct user_regs_struct registers; /* at the entry */
    uint64_t blocked;
    uint64_t page; /* 0 for none */
    uint64_t room; /* what of the page may be written to by us, for arguments */
};

#define CALL_PAGE_SIZE UINT64_C(4096)

/* The thread stands at the entry of a call, for seccomp or not. Its signals wait until the
 * end. -ESRCH: it is gone. */
int call_begin(struct call *call, pid_t tid, const struct user_regs_struct *registers, bool enters);
/* Makes the page; must come before the program's own call. Any other error than -ESRCH
 * leaves the call as it was, without a page. */
int call_make_page(struct call *call);

/* Runs the program's own call; its result is in *ret. */
int call_run_original(struct call *call, int64_t *ret);
/* Runs another one, which needs the page. */
int call_run(struct call *call, long number, const uint64_t arguments[6], int64_t *ret);

/* Unmaps the page and lets the call end with that result. The thread is still stopped
 * after that. */
int call_end(struct call *call, int64_t result);

#endif
